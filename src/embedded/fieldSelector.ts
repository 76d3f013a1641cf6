import type {ApiObject} from './apiObject.ts';
import {badRequest} from './apiStatus.ts';
import {isObject} from './json.ts';
import type {Kind} from './kind.ts';

export interface FieldRequirement {
  readonly path: string;
  readonly value: string;
  readonly equal: boolean;
}

/**
 * A field selector in its text form: `path=value`, `path==value`, `path!=value`, joined by commas;
 * a backslash takes the meaning from a comma, an equals sign or a backslash in a value.
 * @throws Refusal 400, also for a path that the kind does not offer
 */
export function parseFieldSelector(text: string, kind: Kind): readonly FieldRequirement[] {
  return splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^([^=!\\]*)(!=|==|=)([\s\S]*)$/.exec(term);
      if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, path, operator, value] = match;
      if (!isSelectable(path!, kind)) throw badRequest(`field label not supported: ${path}`);
      return {path: path!, value: unescapeValue(value!, text), equal: operator !== '!='};
    });
}

export function matchesFields(
  object: ApiObject,
  requirements: readonly FieldRequirement[],
): boolean {
  return requirements.every(
    ({path, value, equal}) => (fieldText(object, path) === value) === equal,
  );
}

/** What a selector compares with: the field as text, empty when absent. */
export function fieldText(object: ApiObject, path: string): string {
  let value: unknown = object;
  for (const part of partsOf(path)) value = isObject(value) ? value[part] : undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Selectors name few fields, and each is looked up in every event. */
const known = new Map<string, readonly string[]>();

function partsOf(path: string): readonly string[] {
  let parts = known.get(path);
  if (!parts) {
    parts = path.split('.');
    known.set(path, parts);
  }
  return parts;
}

function isSelectable(path: string, {resource, selectableFields}: Kind): boolean {
  if (path === 'metadata.name') return true;
  if (path === 'metadata.namespace') return resource.namespaced;
  return selectableFields.includes(path);
}

function splitTerms(text: string): string[] {
  return text.match(/(?:\\[\s\S]|[^,\\])+/g) ?? [];
}

function unescapeValue(value: string, text: string): string {
  const result = value.replace(/\\([\s\S])/g, (whole, escaped: string) => {
    if (!/[\\,=]/.test(escaped)) {
      throw badRequest(`invalid field selector '${text}': invalid escape sequence: ${whole}`);
    }
    return escaped;
  });
  return result;
}
