import {join} from 'node:path';
import {type Connection, connect} from '../../src/kube/connect.ts';
import {fileCredentials} from '../../src/kube/credentialSources.ts';
import {HttpTransport} from '../../src/kube/httpTransport.ts';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {
  type ApiServerFiles,
  apiServerFlags,
  type TestUser,
  writeApiServerFiles,
  writeKubeconfig,
} from './apiServerFiles.ts';
import {ApiServerProcess} from './apiServerProcess.ts';
import {ensureServers} from './ensureServers.ts';
import {type RealEtcd, startEtcd} from './etcd.ts';
import {ServerProcess} from './serverProcess.ts';
import {serviceAccountToken} from './serviceAccountToken.ts';
import {makeTempFolder, removeTempFolder} from './tempFolder.ts';

export interface ApiServerOptions {
  /**
   * Adds kube-controller-manager with these controllers; absent without. The garbage collector
   * watches every object, which costs the API server with each one that is created and deleted.
   */
  readonly controllers?: readonly ('garbage-collector' | 'namespace')[];
  /** Writes one JSON line a request to `auditLogPath`. Default false. */
  readonly auditLog?: boolean;
  /** Default: a free one. */
  readonly port?: number;
  /** Users beside `admin`, for `tokenFor({user})`. */
  readonly users?: readonly TestUser[];
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[];
}

export type Subject =
  | {readonly user: string}
  | {readonly namespace: string; readonly serviceAccount: string};

/** A kube-apiserver with its own etcd on this machine, RBAC on. */
export interface RealApiServer {
  readonly url: string;
  readonly caFile: string;
  /** Of `admin`, a member of system:masters. */
  readonly kubeconfigPath: string;
  readonly adminToken: string;
  /** Absent without `auditLog`. */
  readonly auditLogPath: string | undefined;
  /**
   * A token of a declared user, or (TokenRequest) of a ServiceAccount, made where it is missing.
   */
  tokenFor(subject: Subject): Promise<string>;
  /** Path of a kubeconfig that holds `token`. */
  kubeconfigFor(name: string, token: string): string;
  /** Connections as the bearer of `token` (default: admin); closed by `stop`. */
  transport(token?: string): Transport;
  /** As the operator does it, through the admin's kubeconfig; closed by `stop`. */
  connect(): Promise<Connection>;
  /** The text of /metrics. */
  metrics(): Promise<string>;
  /** Of its processes at present; a restart changes them. */
  pids(): {readonly apiServer: number; readonly etcd: number};
  /** Same port, same etcd; `kill` ends it without a farewell. Waits until it is ready again. */
  restart(options?: {kill?: boolean}): Promise<void>;
  /** Kills etcd and starts it again with what it had, the API server running beside it. */
  restartEtcd(): Promise<void>;
  /** Stops kube-apiserver where it is, connections open; `resume` lets it go on. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/**
 * Starts etcd and kube-apiserver and waits until `/readyz` says so (2-4 s).
 * @throws Error with the end of the log of what did not start
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<RealApiServer> {
  const programs = await ensureServers(
    'kube-apiserver',
    'etcd',
    ...(options.controllers ? (['kube-controller-manager'] as const) : []),
  );
  const folder = makeTempFolder('api');
  const files = writeApiServerFiles(folder, options.users ?? []);
  const etcd = await startEtcd(programs.etcd, folder);
  const server = new ApiServerProcess({
    program: programs['kube-apiserver'],
    files,
    flags: (port) =>
      apiServerFlags(files, {
        port,
        etcdUrl: etcd.url,
        auditLog: options.auditLog ?? false,
        further: options.flags ?? [],
      }),
  });
  try {
    await server.start(options.port);
  } catch (error) {
    await server.stop();
    await etcd.stop();
    throw error;
  }
  const stops = [() => server.stop(), () => etcd.stop()];
  const api = describeApiServer({files, server, etcd, stops, auditLog: options.auditLog ?? false});
  if (options.controllers) {
    const program = programs['kube-controller-manager'];
    const controllers = startControllers(program, options.controllers, folder, api);
    stops.unshift(() => controllers.stop(0));
  }
  return api;
}

function describeApiServer(parts: {
  files: ApiServerFiles;
  server: ApiServerProcess;
  etcd: RealEtcd;
  /** Run in order by `stop`. */
  stops: (() => Promise<void>)[];
  auditLog: boolean;
}): RealApiServer {
  const {files, server, etcd, stops} = parts;
  const {url} = server;
  const {caFile} = files;
  const adminToken = files.tokens.get('admin')!;
  const kubeconfigFor = (name: string, token: string) =>
    writeKubeconfig(join(files.folder, `${name}.kubeconfig`), {url, caFile, token});
  const kubeconfigPath = kubeconfigFor('admin', adminToken);
  const transport = (token = adminToken): Transport => {
    const made = new HttpTransport({url, credentials: fileCredentials({token, caFile})});
    stops.unshift(() => made.close());
    return made;
  };
  const own = transport();
  return {
    url,
    caFile,
    kubeconfigPath,
    adminToken,
    auditLogPath: parts.auditLog ? files.auditLogPath : undefined,
    kubeconfigFor,
    transport,
    async tokenFor(subject) {
      if (!('user' in subject)) return serviceAccountToken(own, subject);
      const token = files.tokens.get(subject.user);
      if (token !== undefined) return token;
      throw new Error(`Cannot give a token as user '${subject.user}' is not in options.users`);
    },
    async connect() {
      const connection = await connect({kubeconfigPath});
      stops.unshift(() => connection.transport.close());
      return connection;
    },
    metrics: () => sendOrThrow<string>(own, {method: 'GET', path: '/metrics'}),
    pids: () => ({apiServer: server.pid, etcd: etcd.pid()}),
    restart: ({kill = false} = {}) => server.restart(kill),
    restartEtcd: () => etcd.restart(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async stop() {
      for (const stop of stops.splice(0)) await stop();
      removeTempFolder(files.folder);
    },
  };
}

function startControllers(
  program: string,
  names: readonly string[],
  folder: string,
  api: Pick<RealApiServer, 'kubeconfigPath'>,
): ServerProcess {
  return ServerProcess.start({
    name: 'kube-controller-manager',
    program,
    arguments: [
      `--kubeconfig=${api.kubeconfigPath}`,
      `--controllers=${names.map((name) => `${name}-controller`).join(',')}`,
      '--leader-elect=false',
      '--secure-port=0',
    ],
    logPath: join(folder, 'kube-controller-manager.log'),
  });
}
