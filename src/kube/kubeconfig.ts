import {readFile} from 'node:fs/promises';
import {homedir} from 'node:os';
import {delimiter, dirname, join, resolve} from 'node:path';
import {parse} from 'yaml';
import {z} from 'zod';
import {textOf} from './exchange.ts';

const text = z.string().min(1);
const clusterSchema = z.object({
  server: z.url({protocol: /^https?$/, error: 'must be http(s)://HOST:PORT'}),
  'certificate-authority': text.nullish(),
  'certificate-authority-data': z.string().nullish(),
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'tls-server-name': text.nullish(),
  'proxy-url': z.url({protocol: /^https?$/, error: 'must be http(s)://HOST:PORT'}).nullish(),
});
const userSchema = z.looseObject({
  'client-certificate': text.nullish(),
  'client-certificate-data': z.string().nullish(),
  'client-key': text.nullish(),
  'client-key-data': z.string().nullish(),
  token: z.string().nullish(),
  tokenFile: text.nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  as: z.string().nullish(),
  exec: z.looseObject({command: text}).nullish(),
  'auth-provider': z.looseObject({name: text}).nullish(),
});
const contextSchema = z.object({
  cluster: text,
  user: z.string().nullish(),
  namespace: z.string().nullish(),
});
const kubeconfigSchema = z.object({
  clusters: z.array(z.object({name: text, cluster: clusterSchema})).nullish(),
  users: z.array(z.object({name: text, user: userSchema.nullish()})).nullish(),
  contexts: z.array(z.object({name: text, context: contextSchema})).nullish(),
  'current-context': z.string().nullish(),
});

export type KubeconfigCluster = z.infer<typeof clusterSchema>;
export type KubeconfigUser = z.infer<typeof userSchema>;

/** What one context stands for. File names in it are absolute. */
export interface KubeconfigChoice {
  readonly context: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace: string;
}

/** The files that kubectl would read: `$KUBECONFIG`, else `~/.kube/config`. They may be missing. */
export function usualKubeconfigs(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
}

/**
 * What a context (default: the current one) stands for. Of an entry that several files define, the
 * first counts, as with kubectl.
 * @throws Error with one sentence for people: no such file, no kubeconfig, no such context
 */
export async function chooseContext(
  paths: readonly string[],
  contextName?: string,
): Promise<KubeconfigChoice> {
  const files = await Promise.all(paths.map(readKubeconfig));
  const where = paths.join(', ');
  const contexts = files.flatMap((file) => file.contexts ?? []);
  const there = [...new Set(contexts.map(({name}) => name))].join(', ') || 'none';
  const name = contextName ?? files.map((file) => file['current-context']).find(Boolean);
  if (!name) {
    throw new Error(
      `Cannot choose a context as ${where} has no current-context: name one of: ${there}`,
    );
  }
  const context = contexts.find((entry) => entry.name === name)?.context;
  if (!context) {
    throw new Error(`Cannot use context '${name}' as it is not in ${where}: contexts are ${there}`);
  }
  const cluster = files
    .flatMap((file) => file.clusters ?? [])
    .find((entry) => entry.name === context.cluster)?.cluster;
  if (!cluster) {
    throw new Error(
      `Cannot use context '${name}' as its cluster '${context.cluster}' is not in ${where}`,
    );
  }
  const user = files
    .flatMap((file) => file.users ?? [])
    .find((entry) => entry.name === context.user);
  if (context.user && !user) {
    throw new Error(
      `Cannot use context '${name}' as its user '${context.user}' is not in ${where}`,
    );
  }
  return {
    context: name,
    cluster,
    user: user?.user ?? {},
    namespace: context.namespace || 'default',
  };
}

async function readKubeconfig(path: string): Promise<z.infer<typeof kubeconfigSchema>> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (cause) {
    throw new Error(`Cannot read the kubeconfig ${path}: ${reasonOf(cause)}`, {cause});
  }
  let value: unknown;
  try {
    value = parse(source);
  } catch (cause) {
    const [line] = textOf(cause).split('\n');
    throw new Error(`Cannot read the kubeconfig ${path} as it is no YAML: ${line}`, {cause});
  }
  const parsed = kubeconfigSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue?.path.join('.') || 'the file';
    throw new Error(
      `Cannot use the kubeconfig ${path} as it is malformed: ${at}: ${issue?.message}`,
      {cause: parsed.error},
    );
  }
  return withAbsolutePaths(parsed.data, dirname(resolve(path)));
}

function withAbsolutePaths(
  file: z.infer<typeof kubeconfigSchema>,
  folder: string,
): z.infer<typeof kubeconfigSchema> {
  const absolute = <T extends object>(entry: T, keys: readonly (keyof T & string)[]): T => {
    const changed = keys.flatMap((key) => {
      const path = entry[key];
      return typeof path === 'string' ? [[key, resolve(folder, path)] as const] : [];
    });
    return {...entry, ...Object.fromEntries(changed)};
  };
  return {
    ...file,
    clusters: file.clusters?.map(({name, cluster}) => ({
      name,
      cluster: absolute(cluster, ['certificate-authority']),
    })),
    users: file.users?.map(({name, user}) => ({
      name,
      user: absolute(user ?? {}, ['client-certificate', 'client-key', 'tokenFile']),
    })),
  };
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'permission denied';
  return textOf(cause);
}
