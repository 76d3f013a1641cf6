import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {type Clock, systemClock} from '../lib/clock.ts';
import {fileCredentials, kubeconfigCredentials} from './credentialSources.ts';
import type {CredentialSource} from './credentials.ts';
import {HttpTransport, type HttpTransportOptions} from './httpTransport.ts';
import {chooseContext, usualKubeconfigs} from './kubeconfig.ts';
import {ApiError, type ApiReply, type Transport, TransportError} from './transport.ts';

/** How the server is found; the first that is given counts, in the order of the members. */
export interface ConnectOptions {
  /** A server without a kubeconfig, for example a test's `http://127.0.0.1:PORT`. */
  readonly url?: string;
  /** Of `url` only. */
  readonly token?: string;
  /** Of `url` only: read again at every renewal. */
  readonly tokenFile?: string;
  /** Of `url` only: file of the certificate authority. */
  readonly caFile?: string;
  /** The cluster that this process runs in. */
  readonly inCluster?: boolean;
  /** Default: `$KUBECONFIG`, else `~/.kube/config`, else the cluster this process runs in. */
  readonly kubeconfigPath?: string;
  /** Default: the current context. */
  readonly context?: string;

  /** Of the first call. Default 10 s. */
  readonly timeoutMs?: number;
  readonly transport?: Pick<
    HttpTransportOptions,
    'connections' | 'timeoutsMs' | 'maxLineBytes' | 'userAgent'
  >;
  readonly clock?: Clock;
  readonly env?: NodeJS.ProcessEnv;
  /** Where Kubernetes mounts the ServiceAccount. */
  readonly serviceAccountFolder?: string;
}

export interface Connection {
  readonly transport: Transport;
  /** Of the server, for people. */
  readonly url: string;
  /** Of the context, or of the Pod. */
  readonly namespace: string;
  /** For example `v1.36.3`. */
  readonly serverVersion: string;
}

interface Target {
  readonly url: string;
  readonly namespace: string;
  readonly credentials: CredentialSource;
  readonly proxyUrl?: string;
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Finds the API server and asks for its version, so that a wrong address or wrong credentials are
 * said at once and in one sentence.
 * @throws Error with that sentence: kubeconfig missing or malformed, unknown context, server not
 *   reached, 401, 403
 */
export async function connect(
  options: ConnectOptions = {},
  signal?: AbortSignal,
): Promise<Connection> {
  const target = await findTarget(options);
  const {url, namespace, credentials, proxyUrl} = target;
  const transport = new HttpTransport({
    ...options.transport,
    url,
    credentials,
    ...(proxyUrl !== undefined && {proxyUrl}),
    clock: options.clock ?? systemClock,
  });
  try {
    const serverVersion = await askVersion(transport, url, options, signal);
    return {transport, url, namespace, serverVersion};
  } catch (error) {
    await transport.close();
    throw error;
  }
}

/**
 * Whether what `connect` threw can pass by itself: nobody answered, or a server that is starting.
 * Wrong credentials and a wrong kubeconfig do not.
 */
export function mayMend(error: unknown): error is Error {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof ApiError) return cause.status === 429 || cause.status >= 500;
  return cause instanceof TransportError;
}

async function findTarget(options: ConnectOptions): Promise<Target> {
  if (options.url !== undefined) {
    const {url, token, tokenFile, caFile} = options;
    const files = {
      ...(token !== undefined && {token}),
      ...(tokenFile !== undefined && {tokenFile}),
      ...(caFile !== undefined && {caFile}),
    };
    return {url, namespace: 'default', credentials: fileCredentials(files)};
  }
  if (options.inCluster) return ownCluster(options);
  const env = options.env ?? process.env;
  if (options.kubeconfigPath !== undefined) return ofKubeconfig([options.kubeconfigPath], options);
  const usual = usualKubeconfigs(env);
  const present = usual.filter((path) => existsSync(path));
  if (present.length > 0) return ofKubeconfig(present, options);
  if (env['KUBERNETES_SERVICE_HOST'] && !env['KUBECONFIG']) return ownCluster(options);
  throw new Error(
    `Cannot find an API server as there is no kubeconfig at ${usual.join(', ')} and this is no Pod: name one, by a flag or with KUBECONFIG`,
  );
}

async function ofKubeconfig(paths: readonly string[], options: ConnectOptions): Promise<Target> {
  const choose = () => chooseContext(paths, options.context);
  const choice = await choose();
  const proxyUrl = choice.cluster['proxy-url'];
  return {
    url: choice.cluster.server.replace(/\/$/, ''),
    namespace: choice.namespace,
    credentials: kubeconfigCredentials(choice, choose, options.clock ?? systemClock),
    ...(proxyUrl && {proxyUrl}),
  };
}

async function ownCluster(options: ConnectOptions): Promise<Target> {
  const env = options.env ?? process.env;
  const folder = options.serviceAccountFolder ?? SERVICE_ACCOUNT_FOLDER;
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (!host) {
    throw new Error(
      'Cannot use the cluster this runs in as KUBERNETES_SERVICE_HOST is not set: this is no Pod',
    );
  }
  const namespace = await readFile(join(folder, 'namespace'), 'utf8').catch(() => 'default');
  const files = {tokenFile: join(folder, 'token'), caFile: join(folder, 'ca.crt')};
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: namespace.trim(),
    credentials: fileCredentials(files),
  };
}

async function askVersion(
  transport: Transport,
  url: string,
  options: ConnectOptions,
  signal?: AbortSignal,
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const call = {method: 'GET', path: '/version', timeoutMs} as const;
  let reply: ApiReply<{gitVersion?: string; message?: string} | undefined>;
  try {
    reply = await transport.send(call, signal);
  } catch (cause) {
    if (!(cause instanceof TransportError)) throw cause;
    const why = cause.message.replace('Cannot GET /version: ', '');
    const what = adviceOn(why, options.url === undefined ? 'ofKubeconfig' : 'ofUrl');
    throw new Error(`Cannot reach the API server at ${url}: ${why}${what}`, {cause});
  }
  switch (reply.status) {
    case 200:
      return reply.body?.gitVersion ?? 'unknown';
    case 401:
      throw new Error(
        `Cannot log in to the API server at ${url}: it refuses these credentials (401); ${options.url === undefined ? 'renew the token or the certificate of the kubeconfig' : 'give a token that it knows'}`,
      );
    case 403:
      throw new Error(
        `Cannot use the API server at ${url}: these credentials may not even read its version (403): ${reply.body?.message ?? ''}`,
      );
    default:
      throw new Error(
        `Cannot use the API server at ${url}: it answers ${reply.status} to GET /version: ${reply.body?.message ?? 'no reason given'}`,
        {cause: new ApiError(call, reply)},
      );
  }
}

interface Advice {
  readonly pattern: RegExp;
  readonly ofKubeconfig: string;
  /** Of an address that was given without one. */
  readonly ofUrl: string;
}

/** What to do about a call that got no reply, by Node's own words for it. */
const advice: readonly Advice[] = [
  {
    pattern: /altname|does not match certificate/i,
    ofKubeconfig: '; set tls-server-name in the kubeconfig to a name of its certificate',
    ofUrl: '; call it by a name of its certificate',
  },
  {
    pattern: /self.signed|unable to (verify|get)/i,
    ofKubeconfig: '; name the authority that signed its certificate in the kubeconfig',
    ofUrl: '; name the authority that signed its certificate',
  },
  {
    pattern: /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|no whole reply/,
    ofKubeconfig: '; start it, or correct its address in the kubeconfig',
    ofUrl: '; start it, or correct its address',
  },
];

function adviceOn(why: string, of: 'ofKubeconfig' | 'ofUrl'): string {
  return advice.find(({pattern}) => pattern.test(why))?.[of] ?? '';
}
