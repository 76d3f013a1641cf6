import {copyJson, define, isObject, type JsonObject} from './json.ts';
import {memberSchema, type Schema} from './schema.ts';

/**
 * `target` with the applied object merged over it, in place: objects member by member, keyed lists
 * item by item, everything else replaced. Nothing is taken away, as nobody keeps book of who set
 * it.
 */
export function applyPatch(target: unknown, applied: unknown, schema: Schema | undefined): unknown {
  if (isObject(applied)) return applyObject(isObject(target) ? target : {}, applied, schema);
  const keys = schema?.['x-kubernetes-list-map-keys'];
  if (Array.isArray(applied) && Array.isArray(target) && keys) {
    return applyKeyedList(target, applied, keys, schema?.items);
  }
  return copyJson(applied);
}

function applyObject(target: JsonObject, applied: JsonObject, schema: Schema | undefined) {
  for (const key of Object.keys(applied)) {
    if (applied[key] === undefined) continue;
    const member = schema && memberSchema(schema, key);
    define(target, key, applyPatch(target[key], applied[key], member));
  }
  return target;
}

function applyKeyedList(
  target: readonly unknown[],
  applied: readonly unknown[],
  keys: readonly string[],
  items: Schema | undefined,
): unknown[] {
  const keyOf = (item: unknown) =>
    JSON.stringify(keys.map((key) => (isObject(item) ? item[key] : undefined)));
  const merged = new Map(target.map((item) => [keyOf(item), item]));
  for (const item of applied) {
    const key = keyOf(item);
    merged.set(key, applyPatch(merged.get(key), item, items));
  }
  return [...merged.values()];
}
