import {z} from 'zod';

/** A structural schema of a CRD: JSON of the OpenAPI v3 kind. */
export interface StructuralSchema {
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  anyOf?: unknown;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-validations'?: {rule: string; message: string; fieldPath?: string}[];
}

/** Order of the keys in the generated files: what people look for comes first. */
const KEY_ORDER = ['description', 'type', 'format', 'default', 'enum', 'required', 'properties'];

/** The structural schema of a zod schema, as what a client may send (defaults are optional). */
export function structuralSchemaOf(schema: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    override: ({jsonSchema}) => toStructural(jsonSchema as StructuralSchema),
  });
  return inOrder(json as StructuralSchema);
}

function toStructural(schema: StructuralSchema): void {
  // A quantity: the API server knows this shape by its own name, and a union by none.
  if (schema['x-kubernetes-int-or-string']) delete schema.anyOf;
  if (schema['x-kubernetes-preserve-unknown-fields']) makeOpaque(schema);
  if (schema.type === 'integer') boundInteger(schema);
  // JavaScript writes a slash in a pattern with a backslash; other languages need none.
  if (schema.pattern !== undefined) schema.pattern = schema.pattern.replaceAll('\\/', '/');
}

/**
 * No type: CEL then compares the value as a whole. With `type: object` its `==` (as of 1.36) passes
 * over keys that only one side has, so that `{runAsUser: 7}` equals `{privileged: true}`, and a
 * placed request could be changed. That it is an object is checked when Berth parses it.
 */
function makeOpaque(schema: StructuralSchema): void {
  delete schema.type;
  delete schema.additionalProperties;
}

/** zod bounds every integer to what a double counts exactly; the format says it shorter. */
function boundInteger(schema: StructuralSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  const short = schema.maximum !== undefined && schema.maximum <= 2_147_483_647;
  schema.format = short ? 'int32' : 'int64';
}

function inOrder(schema: StructuralSchema): StructuralSchema {
  const keys = Object.keys(schema) as (keyof StructuralSchema)[];
  // Two keys are never equal, so that the order is total.
  keys.sort((left, right) => rankOf(left) - rankOf(right) || (left < right ? -1 : 1));
  const ordered = Object.fromEntries(keys.map((key) => [key, schema[key]])) as StructuralSchema;
  if (ordered.items) ordered.items = inOrder(ordered.items);
  if (ordered.additionalProperties) {
    ordered.additionalProperties = inOrder(ordered.additionalProperties);
  }
  if (ordered.properties) {
    const fields = Object.entries(ordered.properties);
    ordered.properties = Object.fromEntries(fields.map(([name, field]) => [name, inOrder(field)]));
  }
  return ordered;
}

function rankOf(key: string): number {
  const rank = KEY_ORDER.indexOf(key);
  return rank >= 0 ? rank : KEY_ORDER.length;
}
