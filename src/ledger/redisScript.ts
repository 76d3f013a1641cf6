import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';

/** Numbers that the scripts answer with; they know them as `Code.Fenced` and so on. */
export const ScriptCode = {
  Accepted: 0,
  Fenced: -1,
  Lost: -2,
  Stale: -3,
  NoCapacity: -11,
  AssignedElsewhere: -12,
  WorkerUnknown: -13,
} as const;

/** What the ACL user of Redis needs, on the keys `PREFIX:{NAME}:*` and nothing else (tested). */
export const aclRules: readonly string[] = [
  '+evalsha',
  '+eval',
  '+hmget',
  '+hset',
  '+hdel',
  '+hscan',
  '+unlink',
];

/** One value, or a list that is passed flat. */
export type ScriptArgument = string | number | readonly (string | number)[];

/** What a script expects, in its order. The header of the `.lua` file says the same (tested). */
export interface ScriptContract<Key extends string = string, Argument extends string = string> {
  /** Of the file `lua/NAME.lua`. */
  readonly name: string;
  readonly keys: readonly Key[];
  readonly args: readonly Argument[];
}

export type LedgerKey = 'head' | 'allocations' | 'sums';

export const openScript = {
  name: 'open',
  keys: ['head'],
  args: ['epoch', 'raise', 'own'],
} as const satisfies ScriptContract<LedgerKey>;

export const settleScript = {
  name: 'settle',
  keys: ['head', 'allocations', 'sums'],
  args: ['epoch', 'revision', 'first', 'records'],
} as const satisfies ScriptContract<LedgerKey>;

export const commitScript = {
  name: 'commit',
  keys: ['head', 'allocations', 'sums'],
  args: [
    'epoch',
    'revision',
    'cycle',
    'releaseCount',
    'assignmentCount',
    'releases',
    'assignments',
    'capacities',
  ],
} as const satisfies ScriptContract<LedgerKey>;

/** A script as Redis gets it. */
export interface ScriptText {
  readonly source: string;
  /** By which Redis remembers it. */
  readonly sha1: string;
}

const texts = new Map<string, ScriptText>();

/**
 * Reads a script once a process, and puts the codes and the shared functions in front of it. The
 * files lie in `lua/` beside this module; beside the bundle they are copied to `dist/lua/`.
 */
export function scriptText({name}: ScriptContract): ScriptText {
  let text = texts.get(name);
  if (!text) {
    const codes = Object.entries(ScriptCode).map(([code, value]) => `${code} = ${value}`);
    const parts = [`local Code = {${codes.join(', ')}}`, readLua('records'), readLua(name)];
    const source = parts.join('\n');
    text = {source, sha1: createHash('sha1').update(source).digest('hex')};
    texts.set(name, text);
  }
  return text;
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
