import {badRequest, type Refusal, refuse} from './apiStatus.ts';
import {copyJson, define, equalJson, isObject} from './json.ts';

/** A patch that cannot be applied; the server says no more than this. */
function unprocessable(): Refusal {
  const message = 'the server rejected our request due to an error in our request';
  return refuse(422, 'Invalid', message, {});
}

/**
 * `target` with the operations applied, in place: `test`, `add`, `replace`, `remove` of RFC 6902.
 * `move` and `copy` are refused as unknown ones are. As in the real server, `replace` of a member
 * that is absent adds it.
 * @throws Refusal 422 for a failed test or a path that does not exist, 400 for what is no patch
 */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) {
    const found = operations === null ? 'null' : typeof operations;
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${found} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  return operations.reduce(applyOne, target);
}

function applyOne(target: unknown, operation: unknown): unknown {
  if (!isObject(operation) || typeof operation['path'] !== 'string') throw unprocessable();
  const {op, path} = operation;
  const value = copyJson(operation['value']);
  if (path === '') {
    if (op === 'test' && equalJson(target, value)) return target;
    if (op === 'add' || op === 'replace') return value;
    throw unprocessable();
  }
  const parts = pointerParts(path as string);
  const last = parts.pop()!;
  const parent = parts.reduce(childOf, target);
  change(parent, last, String(op), value);
  return target;
}

function pointerParts(path: string): string[] {
  if (!path.startsWith('/')) throw unprocessable();
  const parts = path.slice(1).split('/');
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function childOf(parent: unknown, part: string): unknown {
  if (Array.isArray(parent)) return parent[indexOf(part, parent.length - 1)];
  if (isObject(parent) && Object.hasOwn(parent, part)) return parent[part];
  throw unprocessable();
}

function change(parent: unknown, part: string, op: string, value: unknown): void {
  if (Array.isArray(parent)) changeItem(parent, part, op, value);
  else if (isObject(parent)) changeMember(parent, part, op, value);
  else throw unprocessable();
}

function changeMember(
  parent: Record<string, unknown>,
  part: string,
  op: string,
  value: unknown,
): void {
  const has = Object.hasOwn(parent, part);
  if (op === 'add' || op === 'replace') define(parent, part, value);
  else if (op === 'remove' && has) delete parent[part];
  // A test for null holds for an absent member too: the usual guard of a first write.
  else if (op !== 'test' || !equalJson(has ? parent[part] : null, value ?? null)) {
    throw unprocessable();
  }
}

function changeItem(parent: unknown[], part: string, op: string, value: unknown): void {
  if (op === 'add') {
    const index = part === '-' ? parent.length : indexOf(part, parent.length);
    parent.splice(index, 0, value);
    return;
  }
  const index = indexOf(part, parent.length - 1);
  if (op === 'replace') parent[index] = value;
  else if (op === 'remove') parent.splice(index, 1);
  else if (op !== 'test' || !equalJson(parent[index], value)) throw unprocessable();
}

function indexOf(part: string, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(part) ? Number(part) : -1;
  if (index < 0 || index > last) throw unprocessable();
  return index;
}
