import {readFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {parse as parseYaml} from 'yaml';
import {z} from 'zod';
import {configSchema, defaultConfig} from '../../src/config.ts';

const chart = new URL('../../deploy/helm/berth/', import.meta.url);
const schemaFile = new URL('values.schema.json', chart);

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly [key: string]: unknown;
}

/**
 * The schema without what the chart itself decides: ports, the own namespace, a ledger that
 * forgets.
 */
function schemaOfConfigValues(): JsonSchema {
  const full = JSON.stringify(z.toJSONSchema(configSchema, {io: 'input'}));
  // What is accepted, and no more: `berth operator --help` prints the sentences and the defaults.
  const schema = JSON.parse(full, function (this: JsonSchema, key, value: unknown) {
    const isSchema = 'type' in this || '$schema' in this;
    return isSchema && ['$schema', 'description', 'default'].includes(key) ? undefined : value;
  }) as JsonSchema;
  const {metrics, health, ledger, leaderElection, ...others} = schema.properties!;
  const {kind, ...ledgerOthers} = ledger!.properties!;
  const {namespace, ...electionOthers} = leaderElection!.properties!;
  expect([metrics, health, kind, namespace], 'left out of the values').not.toContain(undefined);
  return {
    ...schema,
    properties: {
      ledger: {
        ...ledger,
        properties: {kind: {...kind, enum: ['kubernetes', 'redis']}, ...ledgerOthers},
      },
      leaderElection: {...leaderElection, properties: electionOthers},
      ...others,
    },
  };
}

describe('the values of the chart', () => {
  it('accepts under `config` what the operator accepts in its config file', async () => {
    const schema = JSON.parse(await readFile(schemaFile, 'utf8')) as JsonSchema;
    const wanted = {...schema, properties: {...schema.properties, config: schemaOfConfigValues()}};
    // After a change of src/config.ts: `vitest run -u test/deploy/valuesSchema.test.ts` writes it.
    await expect(`${JSON.stringify(wanted, null, 2)}\n`).toMatchFileSnapshot(schemaFile.pathname);
  });

  it('has a comment above every value', async () => {
    const lines = (await readFile(new URL('values.yaml', chart), 'utf8')).split('\n');
    const isKey = (line: string) => /^ *[a-zA-Z]+:/.test(line);
    const opensMap = (line: string) => /^ *[a-zA-Z]+:$/.test(line);
    const bare = lines.filter((line, index) => {
      if (!isKey(line) || opensMap(line)) return false;
      return !lines[index - 1]!.trim().startsWith('#');
    });
    expect(bare.map((line) => line.trim())).toEqual([]);
  });
});

describe.each([
  ['the kustomize base', '../../deploy/kustomize/base/config.yaml'],
  ['the kustomize component redis', '../../deploy/kustomize/components/redis/config.yaml'],
])('the config file of %s', (_, path) => {
  it('is one that the operator accepts', async () => {
    const text = await readFile(new URL(path, import.meta.url), 'utf8');
    expect(() => defaultConfig(parseYaml(text))).not.toThrow();
  });
});

it('the `config` of values.yaml is one that the operator accepts', async () => {
  const text = await readFile(new URL('values.yaml', chart), 'utf8');
  expect(() => defaultConfig((parseYaml(text) as {config: object}).config)).not.toThrow();
});
