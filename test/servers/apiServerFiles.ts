import {generateKeyPairSync, randomBytes} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';

export interface TestUser {
  readonly name: string;
  readonly groups?: readonly string[];
}

/** What a kube-apiserver reads and writes, all in one folder. */
export interface ApiServerFiles {
  readonly folder: string;
  /** Bearer token by user name; `admin` is a member of system:masters. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Certificate chain that the server makes itself at its first start; it is its own CA. */
  readonly caFile: string;
  readonly auditLogPath: string;
}

/** Writes the key for ServiceAccount tokens, the tokens of the users and the audit policy. */
export function writeApiServerFiles(folder: string, users: readonly TestUser[]): ApiServerFiles {
  const {privateKey, publicKey} = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
    publicKeyEncoding: {type: 'spki', format: 'pem'},
  });
  const write = (name: string, text: string) =>
    writeFileSync(join(folder, name), text, {mode: 0o600});
  write('sa.key', privateKey);
  write('sa.pub', publicKey);
  const tokens = new Map<string, string>();
  const everybody: readonly TestUser[] = [{name: 'admin', groups: ['system:masters']}, ...users];
  const lines = everybody.map(({name, groups = []}, index) => {
    const token = randomBytes(16).toString('hex');
    tokens.set(name, token);
    return `${token},${name},uid-${index},"${groups.join(',')}"`;
  });
  write('tokens.csv', `${lines.join('\n')}\n`);
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{level: 'Metadata'}],
  };
  write('audit-policy.yaml', JSON.stringify(policy));
  return {
    folder,
    tokens,
    caFile: join(folder, 'apiserver.crt'),
    auditLogPath: join(folder, 'audit.log'),
  };
}

/** The flags of kube-apiserver over those files. */
export function apiServerFlags(
  files: ApiServerFiles,
  options: {port: number; etcdUrl: string; auditLog: boolean; further: readonly string[]},
): string[] {
  const at = (name: string) => join(files.folder, name);
  const audit = [
    `--audit-policy-file=${at('audit-policy.yaml')}`,
    `--audit-log-path=${files.auditLogPath}`,
  ];
  return [
    `--etcd-servers=${options.etcdUrl}`,
    `--secure-port=${options.port}`,
    '--bind-address=127.0.0.1',
    `--cert-dir=${files.folder}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${at('sa.pub')}`,
    `--service-account-signing-key-file=${at('sa.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--token-auth-file=${at('tokens.csv')}`,
    '--authorization-mode=RBAC',
    // Its tokens would be mounted into Pods that no kubelet runs; TokenRequest works without it.
    '--disable-admission-plugins=ServiceAccount',
    ...(options.auditLog ? audit : []),
    ...options.further,
  ];
}

/** Writes a kubeconfig with one context; returns `path`. */
export function writeKubeconfig(
  path: string,
  entry: {url: string; caFile: string; token: string},
): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{name: 'test', cluster: {server: entry.url, 'certificate-authority': entry.caFile}}],
    users: [{name: 'test', user: {token: entry.token}}],
    contexts: [{name: 'test', context: {cluster: 'test', user: 'test', namespace: 'default'}}],
    'current-context': 'test',
  };
  writeFileSync(path, JSON.stringify(config, undefined, 2), {mode: 0o600});
  return path;
}
