import {copyJson, isObject, type JsonObject} from './json.ts';

/** A structural schema (the `openAPIV3Schema` of a CRD), as far as this server honours it. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly unknown[];
}

/** Members of the root that are the server's own affair, whatever the schema says. */
const OWN_MEMBERS = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes members that the schema does not name, in place, and returns their paths.
 * @param known pruned before; what `object` shares with it is left alone
 */
export function prune(object: JsonObject, schema: Schema, known?: JsonObject): string[] {
  const removed: string[] = [];
  pruneObject({object, known}, schema, '', removed);
  return removed;
}

function pruneValue(
  {value, known}: {value: unknown; known: unknown},
  schema: Schema,
  path: string,
  removed: string[],
): void {
  if (isObject(value)) {
    pruneObject({object: value, known: isObject(known) ? known : undefined}, schema, path, removed);
  }
  if (!Array.isArray(value) || !schema.items) return;
  for (const [index, item] of value.entries()) {
    pruneValue({value: item, known: undefined}, schema.items, `${path}[${index}]`, removed);
  }
}

function pruneObject(
  {object, known}: {object: JsonObject; known: JsonObject | undefined},
  schema: Schema,
  path: string,
  removed: string[],
): void {
  const keepsUnknown =
    schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;
  for (const key of Object.keys(object)) {
    if (path === '' && OWN_MEMBERS.has(key)) continue;
    const value = object[key];
    if (isShared(value, known?.[key])) continue;
    const at = path === '' ? key : `${path}.${key}`;
    const member = memberSchema(schema, key);
    if (member) pruneValue({value, known: known?.[key]}, member, at, removed);
    else if (!keepsUnknown) {
      removed.push(at);
      delete object[key];
    }
  }
}

/** Of one object and an earlier state of it: the same member of both, not an equal one. */
function isShared(value: unknown, known: unknown): boolean {
  return typeof value === 'object' && value !== null && value === known;
}

/** The schema of the member `key`; undefined when none is known. */
export function memberSchema(schema: Schema, key: string): Schema | undefined {
  const {properties, additionalProperties} = schema;
  if (properties && Object.hasOwn(properties, key)) return properties[key];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/**
 * Sets the defaults of absent members, in place. A null counts as absent where the member is not
 * nullable: it gets the default, or goes. Nulls in lists stay, for the validation to refuse.
 * @param known has its defaults; what `value` shares with it is left alone
 */
export function applyDefaults(value: unknown, schema: Schema, known?: unknown): void {
  if (isShared(value, known)) return;
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyDefaults(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  const before = isObject(known) ? known : {};
  for (const [key, member] of Object.entries(schema.properties ?? {})) {
    if (isShared(value[key], before[key])) continue;
    dropNull(value, key, member);
    if (member.default !== undefined && value[key] === undefined) {
      value[key] = copyJson(member.default);
    }
    if (value[key] !== undefined) applyDefaults(value[key], member, before[key]);
  }
  if (typeof schema.additionalProperties === 'object') {
    for (const key of Object.keys(value)) {
      if (isShared(value[key], before[key])) continue;
      dropNull(value, key, schema.additionalProperties);
      applyDefaults(value[key], schema.additionalProperties);
    }
  }
}

function dropNull(object: JsonObject, key: string, member: Schema): void {
  if (object[key] === null && !member.nullable) delete object[key];
}

/** Whether a CEL rule stands anywhere in it. */
export function hasRules(schema: Schema): boolean {
  const {properties, items, additionalProperties} = schema;
  return (
    schema['x-kubernetes-validations'] !== undefined ||
    Object.values(properties ?? {}).some(hasRules) ||
    (items !== undefined && hasRules(items)) ||
    (typeof additionalProperties === 'object' && hasRules(additionalProperties))
  );
}
