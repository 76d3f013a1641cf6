import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseAllDocuments} from 'yaml';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {waitFor} from './waitFor.ts';

const crdFolder = fileURLToPath(new URL('../../crds', import.meta.url));
const CRD_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ESTABLISHED_MS = 30_000;

interface Crd {
  readonly metadata: {readonly name: string};
  readonly spec: {
    readonly group: string;
    readonly names: {readonly plural: string};
    readonly versions: readonly {readonly name: string; readonly served: boolean}[];
  };
}

/** Applies every CRD of `crds/` and waits until each is served. Returns their names. */
export async function applyCrds(transport: Transport, folder = crdFolder): Promise<string[]> {
  const crds = await readCrds(folder);
  await Promise.all(crds.map((crd) => applyCrd(transport, crd)));
  return crds.map((crd) => crd.metadata.name);
}

async function readCrds(folder: string): Promise<Crd[]> {
  const files = await readdir(folder).catch(() => []);
  const texts = await Promise.all(
    files
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .map((file) => readFile(join(folder, file), 'utf8')),
  );
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document): unknown => document.toJS()))
    .filter((value): value is Crd => isCrd(value));
}

function isCrd(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind === 'CustomResourceDefinition'
  );
}

async function applyCrd(transport: Transport, crd: Crd): Promise<void> {
  await sendOrThrow(transport, {
    method: 'PATCH',
    path: `${CRD_PATH}/${crd.metadata.name}`,
    query: {fieldManager: 'berth-tests', force: true},
    body: crd,
    contentType: 'application/apply-patch+yaml',
  });
  const {group, names, versions} = crd.spec;
  const served = versions.find((version) => version.served)?.name;
  // Established comes before the paths answer; a list that works is what the tests need.
  await waitFor(`${crd.metadata.name} to be served`, ESTABLISHED_MS, async () => {
    const path = `/apis/${group}/${served}/${names.plural}`;
    const reply = await transport.send({method: 'GET', path, query: {limit: 1}});
    return reply.status === 200;
  });
}
