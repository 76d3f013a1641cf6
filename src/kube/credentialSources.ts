import {readFile} from 'node:fs/promises';
import type {RequestOptions} from 'node:https';
import type {Clock} from '../lib/clock.ts';
import type {CredentialSource, Credentials} from './credentials.ts';
import {textOf} from './exchange.ts';
import type {KubeconfigChoice, KubeconfigCluster, KubeconfigUser} from './kubeconfig.ts';

/** A plugin may open a browser; longer than this nobody waits for an operator. */
const PLUGIN_TIMEOUT_MS = 60_000;

/** A token and a CA from files that are read again at every renewal. */
export function fileCredentials(files: {
  token?: string;
  tokenFile?: string;
  caFile?: string;
}): CredentialSource {
  return async () => {
    const ca = await readText(files.caFile);
    const token = files.token ?? (await readText(files.tokenFile));
    return {headers: bearer(token), tls: {...(ca !== undefined && {ca})}};
  };
}

/**
 * The credentials of a context. `choose` is called again after a refusal: the user may have logged
 * in anew. Exec plugins and auth providers run in `@kubernetes/client-node`, which is loaded only
 * then: it triples the start-up time.
 */
export function kubeconfigCredentials(
  first: KubeconfigChoice,
  choose: () => Promise<KubeconfigChoice>,
  clock: Clock,
): CredentialSource {
  let choice = first;
  let plugin: Plugin | undefined;
  return async (afterRefusal) => {
    if (afterRefusal) {
      choice = await choose();
      plugin = undefined;
    }
    const base = await plainCredentials(choice.cluster, choice.user);
    if (!choice.user.exec && !choice.user['auth-provider']) return base;
    plugin ??= await loadPlugin(choice, clock);
    return plugin(base);
  };
}

async function plainCredentials(
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
): Promise<Credentials> {
  const ca = await textOrFile(
    cluster['certificate-authority-data'],
    cluster['certificate-authority'],
  );
  const cert = await textOrFile(user['client-certificate-data'], user['client-certificate']);
  const key = await textOrFile(user['client-key-data'], user['client-key']);
  const serverName = cluster['tls-server-name'];
  const token = user.token || (await readText(user.tokenFile ?? undefined));
  const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
  return {
    headers: {
      ...(user.username && {authorization: `Basic ${basic}`}),
      ...bearer(token),
      ...(user.as && {'impersonate-user': user.as}),
    },
    tls: {
      ...(ca !== undefined && {ca}),
      ...(cert !== undefined && {cert}),
      ...(key !== undefined && {key}),
      ...(serverName && {serverName}),
      ...(cluster['insecure-skip-tls-verify'] && {skipVerify: true}),
    },
  };
}

/** Adds to the plain credentials what a plugin gives. */
type Plugin = (base: Credentials) => Promise<Credentials>;

async function loadPlugin(choice: KubeconfigChoice, clock: Clock): Promise<Plugin> {
  const {KubeConfig} = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const {exec, 'auth-provider': authProvider} = choice.user;
  config.loadFromClusterAndUser(
    // Its own check of the scheme is not ours: only the credentials are wanted of it.
    {name: 'cluster', server: choice.cluster.server, skipTLSVerify: true},
    {name: 'user', ...(exec && {exec}), ...(authProvider && {authProvider})},
  );
  return async (base) => {
    const options: RequestOptions = {};
    const name = exec?.command ?? authProvider?.name ?? 'plugin';
    await withTimeout(config.applyToHTTPSOptions(options), name, clock);
    const given = Object.entries(options.headers ?? {}).find(
      ([key]) => key.toLowerCase() === 'authorization',
    );
    return {
      headers: {...base.headers, ...(given && {authorization: String(given[1]).trim()})},
      tls: {
        ...base.tls,
        ...(typeof options.cert === 'string' && {cert: options.cert}),
        ...(typeof options.key === 'string' && {key: options.key}),
      },
    };
  };
}

async function withTimeout(work: Promise<void>, name: string, clock: Clock): Promise<void> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    const message = `the credential plugin '${name}' gave nothing within ${PLUGIN_TIMEOUT_MS} ms`;
    cancel = clock.setTimer(PLUGIN_TIMEOUT_MS, () => reject(new Error(message)));
  });
  try {
    await Promise.race([work, late]);
  } finally {
    cancel();
  }
}

async function textOrFile(
  base64: string | null | undefined,
  path: string | null | undefined,
): Promise<string | undefined> {
  return base64 ? Buffer.from(base64, 'base64').toString('utf8') : readText(path ?? undefined);
}

async function readText(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Error(`Cannot read ${path}: ${textOf(cause)}`, {cause});
  }
}

/** A token file often ends in a line break, which a header must not. */
function bearer(token: string | undefined): Record<string, string> {
  const trimmed = token?.trim();
  return trimmed ? {authorization: `Bearer ${trimmed}`} : {};
}
