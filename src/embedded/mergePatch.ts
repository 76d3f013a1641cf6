import {copyJson, define, isObject, type JsonObject} from './json.ts';

/**
 * `target` with `patch` applied (RFC 7386), which shares with `target` all that the patch leaves
 * alone. Changes neither.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return copyJson(patch);
  const result: JsonObject = isObject(target) ? {...target} : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else if (key === '__proto__') define(result, key, copyJson(value));
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
