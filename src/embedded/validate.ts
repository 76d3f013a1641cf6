import type {StatusCause} from './apiStatus.ts';
import {equalJson, isObject, type JsonObject} from './json.ts';
import {memberSchema, type Schema} from './schema.ts';

/**
 * What is wrong with `value`, in the words of the real server. What equals `old` at the same place
 * is taken as it is: a schema that became narrower does not stop writes that leave old values
 * alone. CEL rules (`x-kubernetes-validations`) are not evaluated: see `EmbeddedApiServer.admit`.
 */
export function validate(
  value: unknown,
  schema: Schema,
  old: unknown,
  path = '',
  causes: StatusCause[] = [],
): StatusCause[] {
  if (old !== undefined && equalJson(value, old)) return causes;
  if (value === null && schema.nullable) return causes;
  const wrong = wrongType(value, schema);
  if (wrong !== undefined) {
    const found = JSON.stringify(nameOfType(value));
    causes.push(
      cause(
        'FieldValueTypeInvalid',
        path,
        `Invalid value: ${found}: ${path} in body must be of type ${wrong}: ${found}`,
      ),
    );
    return causes;
  }
  if (schema.enum && !schema.enum.some((allowed) => equalJson(allowed, value))) {
    const list = schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ');
    causes.push(
      cause(
        'FieldValueNotSupported',
        path,
        `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
      ),
    );
  }
  if (typeof value === 'string') checkString(value, schema, path, causes);
  else if (typeof value === 'number') checkNumber(value, schema, path, causes);
  else if (Array.isArray(value)) checkArray(value, schema, old, path, causes);
  else if (isObject(value)) checkObject(value, schema, old, path, causes);
  checkCombinations(value, schema, path, causes);
  return causes;
}

function cause(reason: string, field: string, message: string): StatusCause {
  return {reason, message, field};
}

function nameOfType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** The wanted type when `value` is of another; undefined when it is right. */
function wrongType(value: unknown, schema: Schema): string | undefined {
  const found = nameOfType(value);
  if (schema['x-kubernetes-int-or-string']) {
    return found === 'integer' || found === 'string' ? undefined : 'integer,string';
  }
  if (schema.type === undefined || schema.type === found) return undefined;
  return schema.type === 'number' && found === 'integer' ? undefined : schema.type;
}

const bodyText = (path: string, found: unknown, rest: string) =>
  `Invalid value: ${JSON.stringify(found)}: ${path} in body should ${rest}`;

/** Compiled once; a CRD has a bounded number of patterns. */
const patterns = new Map<string, RegExp>();

function matchesPattern(value: string, pattern: string): boolean {
  let compiled = patterns.get(pattern);
  if (!compiled) {
    compiled = new RegExp(pattern, 'u');
    patterns.set(pattern, compiled);
  }
  return compiled.test(value);
}

function checkString(value: string, schema: Schema, path: string, causes: StatusCause[]): void {
  const {minLength, maxLength, pattern, format} = schema;
  const length =
    value.length > (maxLength ?? 0) || minLength ? Array.from(value).length : value.length;
  if (maxLength !== undefined && length > maxLength) {
    causes.push(
      cause('FieldValueTooLong', path, `Too long: may not be more than ${maxLength} bytes`),
    );
  }
  const invalid = (rest: string) =>
    causes.push(cause('FieldValueInvalid', path, bodyText(path, value, rest)));
  if (minLength !== undefined && length < minLength) invalid(`be at least ${minLength} chars long`);
  if (pattern !== undefined && !matchesPattern(value, pattern)) invalid(`match '${pattern}'`);
  if (format === 'date-time' && !isDateTime(value)) {
    const text = JSON.stringify(value);
    const leaf = path.slice(path.lastIndexOf('.') + 1);
    causes.push(
      cause(
        'FieldValueTypeInvalid',
        path,
        `Invalid value: ${text}: ${leaf} in body must be of type ${format}: ${text}`,
      ),
    );
  }
}

function isDateTime(text: string): boolean {
  const shape = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
  return shape.test(text) && !Number.isNaN(Date.parse(text));
}

function checkNumber(value: number, schema: Schema, path: string, causes: StatusCause[]): void {
  const {minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format} = schema;
  const invalid = (rest: string) =>
    causes.push(cause('FieldValueInvalid', path, bodyText(path, value, rest)));
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    invalid(exclusiveMaximum ? `be less than ${maximum}` : `be less than or equal to ${maximum}`);
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    invalid(
      exclusiveMinimum ? `be greater than ${minimum}` : `be greater than or equal to ${minimum}`,
    );
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    invalid(`be a multiple of ${multipleOf}`);
  }
  if (format === 'int32' && Math.abs(value) > 2_147_483_647 && value !== -2_147_483_648) {
    const message = `Invalid value: "": Checked value must be of type integer with format int32 in ${path}`;
    causes.push(cause('FieldValueInvalid', '<nil>', message));
  }
}

function tooMany(found: number, most: number, path: string): StatusCause {
  return cause('FieldValueTooMany', path, `Too many: ${found}: must have at most ${most} items`);
}

function checkArray(
  value: readonly unknown[],
  schema: Schema,
  old: unknown,
  path: string,
  causes: StatusCause[],
): void {
  const {items, minItems, maxItems} = schema;
  if (maxItems !== undefined && value.length > maxItems) {
    causes.push(tooMany(value.length, maxItems, path));
  }
  if (minItems !== undefined && value.length < minItems) {
    const message = `Invalid value: ${value.length}: ${path} in body should have at least ${minItems} items`;
    causes.push(cause('FieldValueInvalid', path, message));
  }
  if (items) {
    const before = oldItems(old, schema);
    for (const [index, item] of value.entries()) {
      validate(item, items, before(item), `${path}[${index}]`, causes);
    }
  }
  checkUnique(value, schema, path, causes);
}

function mapKeyOf(item: unknown, keys: readonly string[]): string {
  return JSON.stringify(
    Object.fromEntries(keys.map((key) => [key, isObject(item) ? item[key] : undefined])),
  );
}

/**
 * Items of a keyed list are followed by their key; those of other lists are new whenever the list
 * is.
 */
function oldItems(old: unknown, schema: Schema): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (!keys || !Array.isArray(old)) return () => undefined;
  const byKey = new Map(old.map((item) => [mapKeyOf(item, keys), item as unknown]));
  return (item) => byKey.get(mapKeyOf(item, keys));
}

function checkUnique(
  value: readonly unknown[],
  schema: Schema,
  path: string,
  causes: StatusCause[],
): void {
  const keys = schema['x-kubernetes-list-map-keys'];
  const isSet = schema['x-kubernetes-list-type'] === 'set' || schema.uniqueItems;
  if (!keys && !isSet) return;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const text = keys ? mapKeyOf(item, keys) : JSON.stringify(item);
    if (seen.has(text)) {
      causes.push(cause('FieldValueDuplicate', `${path}[${index}]`, `Duplicate value: ${text}`));
    }
    seen.add(text);
  }
}

function checkObject(
  value: JsonObject,
  schema: Schema,
  old: unknown,
  path: string,
  causes: StatusCause[],
): void {
  const {required, minProperties, maxProperties} = schema;
  const below = (key: string) => (path === '' ? key : `${path}.${key}`);
  for (const key of required ?? []) {
    if (value[key] === undefined) {
      causes.push(cause('FieldValueRequired', below(key), 'Required value'));
    }
  }
  const keys = Object.keys(value);
  if (maxProperties !== undefined && keys.length > maxProperties) {
    causes.push(tooMany(keys.length, maxProperties, path));
  }
  if (minProperties !== undefined && keys.length < minProperties) {
    const message = `Invalid value: ${keys.length}: ${path} in body should have at least ${minProperties} properties`;
    causes.push(cause('FieldValueInvalid', path, message));
  }
  for (const key of keys) {
    const member = memberSchema(schema, key);
    if (!member) continue;
    validate(value[key], member, isObject(old) ? old[key] : undefined, below(key), causes);
  }
}

function checkCombinations(
  value: unknown,
  schema: Schema,
  path: string,
  causes: StatusCause[],
): void {
  const holds = (part: Schema) => validate(value, part, undefined, path).length === 0;
  const fails = (kind: string, text: string) =>
    causes.push(
      cause('FieldValueInvalid', '<nil>', `Invalid value: "": "${path}" ${text} (${kind})`),
    );
  const {allOf, anyOf, oneOf, not} = schema;
  for (const part of allOf ?? []) validate(value, part, undefined, path, causes);
  if (anyOf && !anyOf.some(holds)) fails('anyOf', 'must validate at least one schema');
  if (oneOf && oneOf.filter(holds).length !== 1)
    fails('oneOf', 'must validate one and only one schema');
  if (not && holds(not)) fails('not', 'must not validate the schema');
}

const BLOCKING = new Set([
  'FieldValueRequired',
  'FieldValueTypeInvalid',
  'FieldValueNotSupported',
  'FieldValueTooLong',
  'FieldValueTooMany',
]);

/** What the real server adds where it gives up before its CEL rules. */
export function rulesLeftOut(causes: readonly StatusCause[]): StatusCause[] {
  if (!causes.some(({reason}) => BLOCKING.has(reason))) return [];
  const message =
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  return [cause('FieldValueInvalid', '<nil>', message)];
}
