import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {type Crd, crdOf} from '../../src/api/crd.ts';
import {crdSources, GROUP, VERSION} from '../../src/api/crdSources.ts';
import {differingFiles, generatedFiles} from '../../src/api/generate.ts';
import type {StructuralSchema} from '../../src/api/structuralSchema.ts';
import {
  containerRequests,
  ledgers,
  type Resource,
  workerPools,
  workers,
} from '../../src/kube/resource.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const crds = crdSources.map((source) => [source.kind, crdOf(source)] as const);
const rootOf = (crd: Crd): StructuralSchema => crd.spec.versions[0]!.schema.openAPIV3Schema;

test('the generated files are those that the schemas say', () => {
  expect(differingFiles(repository)).toEqual([]);
});

describe('the check names a file that', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'berth-generate-'));
    for (const [path, text] of generatedFiles()) {
      mkdirSync(dirname(join(root, path)), {recursive: true});
      writeFileSync(join(root, path), text);
    }
  });
  afterEach(() => rmSync(root, {recursive: true}));

  test.each<[string, string, string | undefined]>([
    ['was edited', 'crds/berth.dev_workers.yaml', 'kind: Other\n'],
    ['is missing', 'src/api/reference.md', undefined],
    ['no schema stands behind', 'crds/berth.dev_gadgets.yaml', 'kind: Gadget\n'],
  ])('%s', (_, path, text) => {
    expect(differingFiles(root)).toEqual([]);
    if (text === undefined) rmSync(join(root, path));
    else writeFileSync(join(root, path), text);
    expect(differingFiles(root)).toEqual([path]);
  });
});

describe.each(crds)('the CRD of %s', (kind, crd) => {
  test('names the kind as the client does', () => {
    const all: readonly Resource[] = [containerRequests, workers, workerPools, ledgers];
    const resource = all.find((one) => one.kind === kind)!;
    const {group, scope, names, versions} = crd.spec;
    expect({
      group,
      version: versions[0]!.name,
      plural: names.plural,
      kind: names.kind,
      namespaced: scope === 'Namespaced',
    }).toEqual(resource);
    expect([group, versions[0]!.name]).toEqual([GROUP, VERSION]);
  });

  test('comes back from its file as it is', () => {
    const text = generatedFiles().get(`crds/${GROUP}_${crd.spec.names.plural}.yaml`)!;
    expect(parse(text)).toEqual(JSON.parse(JSON.stringify(crd)));
    // Other readers follow YAML 1.1, where more words are booleans.
    expect(parse(text, {version: '1.1'})).toEqual(JSON.parse(JSON.stringify(crd)));
  });

  test('bounds every text, list and map, and says what every field means', () => {
    const {spec, status} = rootOf(crd).properties!;
    const faults: string[] = [];
    for (const [path, schema] of [
      ['spec', spec],
      ['status', status],
    ] as const) {
      if (schema) walk(path, schema, faults);
    }
    expect(faults).toEqual([]);
  });

  test('has status as a subresource and selects by fields that it has', () => {
    const version = crd.spec.versions[0]!;
    expect(version.subresources).toEqual({status: {}});
    const paths = [...(version.selectableFields ?? []), ...version.additionalPrinterColumns].map(
      (entry) => entry.jsonPath.replace(/\[\?.*?\]/, '[]'),
    );
    for (const path of paths.filter((one) => !one.startsWith('.metadata'))) {
      expect([path, fieldAt(rootOf(crd), path) !== undefined]).toEqual([path, true]);
    }
  });
});

function walk(path: string, schema: StructuralSchema, faults: string[]): void {
  const opaque = schema['x-kubernetes-preserve-unknown-fields'];
  if (!schema.description && !path.endsWith('[]')) faults.push(`${path}: no description`);
  if (schema.type === 'string' && !schema.enum && schema.maxLength === undefined) {
    faults.push(`${path}: no maxLength`);
  }
  if (schema.type === 'array') {
    if (schema.maxItems === undefined) faults.push(`${path}: no maxItems`);
    if (!schema['x-kubernetes-list-type']) faults.push(`${path}: no list type`);
  }
  if (schema.additionalProperties && schema.maxProperties === undefined) {
    faults.push(`${path}: no maxProperties`);
  }
  if (schema.type === 'object' && !schema.properties && !schema.additionalProperties && !opaque) {
    faults.push(`${path}: every field would be dropped`);
  }
  if (schema.items) walk(`${path}[]`, schema.items, faults);
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    walk(`${path}.${name}`, field, faults);
  }
}

function fieldAt(root: StructuralSchema, jsonPath: string): StructuralSchema | undefined {
  let schema: StructuralSchema | undefined = root;
  for (const step of jsonPath.slice(1).split('.')) {
    schema = schema?.properties?.[step.replace('[]', '')];
    if (step.endsWith('[]')) schema = schema?.items;
  }
  return schema;
}
