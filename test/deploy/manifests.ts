import {parseAllDocuments} from 'yaml';
import {root, runOrThrow} from './programs.ts';

/** A Kubernetes object as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
}

export const chartFolder = `${root}deploy/helm/berth`;

/** Every kustomization that a person may apply, by its folder below deploy/kustomize. */
export const kustomizations = ['base', 'overlays/agents', 'overlays/monitoring', 'overlays/redis'];

/** The objects of a YAML stream; empty documents are left out. */
export function parseManifests(text: string): Manifest[] {
  const documents = parseAllDocuments(text, {merge: true});
  return documents.flatMap((document) => {
    const broken = document.errors[0];
    if (broken) throw broken;
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** What `kubectl apply -k` would apply. */
export async function renderKustomization(folder: string): Promise<Manifest[]> {
  return parseManifests(await runOrThrow('kubectl', ['kustomize', kustomizationAt(folder)]));
}

/** What `helm install berth` would apply, hooks included, under the names of the kustomize base. */
export async function renderChart(...options: readonly string[]): Promise<Manifest[]> {
  const args = ['template', 'berth', chartFolder, '--namespace', 'berth-system', ...options];
  return parseManifests(await runOrThrow('helm', args));
}

export function kustomizationAt(folder: string): string {
  return `${root}deploy/kustomize/${folder}`;
}

/** The one object of this kind and name. */
export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && each.metadata.name === name);
  if (found.length === 1) return found[0]!;
  const known = manifests.map((each) => `${each.kind}/${each.metadata.name}`).join(', ');
  throw new Error(`Cannot find one ${kind}/${name}: found ${found.length} among ${known}`);
}

/** Every `apiGroup/resource: verb` that the roles grant, by `Kind/name`, sorted. */
export function grantsOf(manifests: readonly Manifest[]): Record<string, string[]> {
  const grants: Record<string, string[]> = {};
  for (const role of manifests) {
    if (role.kind !== 'Role' && role.kind !== 'ClusterRole') continue;
    const lines = (role['rules'] as readonly Rule[]).flatMap((rule) =>
      (rule.apiGroups ?? []).flatMap((group) =>
        (rule.resources ?? []).flatMap((resource) =>
          rule.verbs.map((verb) => `${group}/${resource}: ${verb}`),
        ),
      ),
    );
    grants[`${role.kind}/${role.metadata.name}`] = lines.sort();
  }
  return grants;
}
