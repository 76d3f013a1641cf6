import {readdirSync, readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {
  commitScript,
  openScript,
  ScriptCode,
  type ScriptContract,
  scriptText,
  settleScript,
} from '../../src/ledger/redisScript.ts';

const folder = new URL('../../src/ledger/lua/', import.meta.url);
const contracts: readonly ScriptContract[] = [openScript, settleScript, commitScript];

/** What the header of a script says, and what its body uses. */
function parse(source: string) {
  const header = /^(--.*\n|\n(?=--))+/.exec(source)?.[0] ?? '';
  const body = source.slice(header.length);
  const named = (kind: string) =>
    [...header.matchAll(new RegExp(`^-- ${kind}\\[(\\d+|\\.\\.\\.)\\] (\\w+)`, 'gm'))].map(
      ([, position, name]) => ({position: position ?? '', name: name ?? ''}),
    );
  const output = header.slice(header.indexOf('-- Output:'));
  return {header, body, keys: named('KEYS'), args: named('ARGV'), output};
}

function problemsOf(contract: ScriptContract, source: string): string[] {
  const {body, keys, args, output} = parse(source);
  const problems: string[] = [];
  const compare = (what: string, said: string[], wanted: readonly string[]) => {
    if (said.join() !== wanted.join())
      problems.push(`${what} are ${said.join()}, the caller has ${wanted.join()}`);
  };
  for (const [kind, entries, wanted] of [
    ['KEYS', keys, contract.keys],
    ['ARGV', args, contract.args],
  ] as const) {
    compare(
      kind,
      entries.map(({name}) => name),
      wanted,
    );
    const fixed = entries.filter(({position}) => position !== '...').length;
    const positions = entries.map((_, index) => (index < fixed ? String(index + 1) : '...'));
    compare(
      `positions of ${kind}`,
      entries.map(({position}) => position),
      positions,
    );
    for (const [, index] of body.matchAll(new RegExp(`${kind}\\[(\\d+)\\]`, 'g'))) {
      if (Number(index) > fixed) problems.push(`${kind}[${index}] is used but not declared`);
    }
    for (let index = 1; index <= fixed; index++) {
      if (!body.includes(`${kind}[${index}]`)) problems.push(`${kind}[${index}] is never used`);
    }
  }
  const codes = new Set([...body.matchAll(/Code\.(\w+)/g)].map(([, name]) => name ?? ''));
  for (const code of codes) {
    if (!Object.hasOwn(ScriptCode, code)) problems.push(`Code.${code} is no ScriptCode`);
    if (!new RegExp(`\\b${code}\\b`).test(output)) problems.push(`Output does not say ${code}`);
  }
  for (const code of Object.keys(ScriptCode)) {
    if (new RegExp(`\\b${code}\\b`).test(output) && !codes.has(code)) {
      problems.push(`Output says ${code}, the body never answers it`);
    }
  }
  return problems;
}

describe('the Lua scripts', () => {
  it('are the ones that somebody calls', () => {
    const called = contracts.map(({name}) => `${name}.lua`);
    expect(readdirSync(folder).sort()).toEqual([...called, 'records.lua'].sort());
  });

  it.each(contracts.map((contract) => [contract.name, contract] as const))(
    '%s.lua has a header that matches its caller and its body',
    (name, contract) => {
      const source = readFileSync(new URL(`${name}.lua`, folder), 'utf8');
      expect(problemsOf(contract, source)).toEqual([]);
    },
  );

  it.each([
    [
      'a key that has another name',
      (source: string) => source.replace('KEYS[2] allocations', 'KEYS[2] held'),
    ],
    ['an argument that is missing', (source: string) => source.replace(/^-- ARGV\[3\].*\n/m, '')],
    [
      'an argument that nobody declared',
      (source: string) => source.replace('ARGV[3])', 'ARGV[9])'),
    ],
    [
      'an answer that nobody declared',
      (source: string) => source.replace(/^-- .*\{Stale.*\n/m, ''),
    ],
    ['an answer that does not exist', (source: string) => source.replace('Code.Stale', 'Code.Old')],
  ])('this check finds %s', (_title, plant) => {
    const source = readFileSync(new URL('commit.lua', folder), 'utf8');
    expect(problemsOf(commitScript, plant(source))).not.toEqual([]);
  });

  it('get every code from the one table', () => {
    const {source, sha1} = scriptText(commitScript);
    for (const [name, value] of Object.entries(ScriptCode)) {
      expect(source.split('\n')[0]).toContain(`${name} = ${value}`);
    }
    expect(sha1).toMatch(/^[0-9a-f]{40}$/);
    expect(new Set(Object.values(ScriptCode)).size).toBe(Object.keys(ScriptCode).length);
  });
});
