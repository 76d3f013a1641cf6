import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {stringify} from 'yaml';
import {crdOf} from './crd.ts';
import {crdSources, GROUP} from './crdSources.ts';
import {referencePage} from './referencePage.ts';

/**
 * Writes what follows from the schemas; with `--check`, names the files that differ instead, and
 * exits 1. Run as `node src/api/generate.ts [--check]`.
 */
const HEADER = '# Generated from the schemas in src/api by `make generate`: edit those.\n';

/** Every generated file, by its path below the root of the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const source of crdSources) {
    const text = stringify(crdOf(source), {lineWidth: 100, aliasDuplicateObjects: false});
    files.set(`crds/${GROUP}_${source.plural}.yaml`, HEADER + text);
  }
  // `deploy/kustomize` takes the folder as a base.
  const resources = [...files.keys()].map((path) => path.slice('crds/'.length));
  const base = {apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources};
  files.set('crds/kustomization.yaml', HEADER + stringify(base));
  return files.set('src/api/reference.md', referencePage());
}

/**
 * Paths of generated files that are missing or differ, and of CRDs that no schema stands behind.
 */
export function differingFiles(root: string): string[] {
  const files = generatedFiles();
  const differing = [...files].filter(([path, text]) => readText(join(root, path)) !== text);
  const stray = readdirSync(join(root, 'crds'))
    .filter((name) => name.startsWith(GROUP) && !files.has(`crds/${name}`))
    .map((name) => `crds/${name}`);
  return [...differing.map(([path]) => path), ...stray];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function main(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  if (!process.argv.includes('--check')) {
    for (const [path, text] of generatedFiles()) {
      mkdirSync(dirname(join(root, path)), {recursive: true});
      writeFileSync(join(root, path), text);
    }
    return;
  }
  const differing = differingFiles(root);
  for (const path of differing) {
    process.stderr.write(`${path} differs from its schema: run 'make generate'\n`);
  }
  if (differing.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
