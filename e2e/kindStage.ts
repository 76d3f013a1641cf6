import {randomBytes} from 'node:crypto';
import {mkdtempSync, readFileSync, realpathSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {sendOrThrow} from '../src/kube/transport.ts';
import {ensureServers} from '../test/servers/ensureServers.ts';
import {makeRedisTls} from '../test/servers/redisTls.ts';
import {KindCluster} from './kindCluster.ts';
import {
  type Deployment,
  helmArguments,
  namespace,
  redisManifest,
  redisOverlay,
  replicaPod,
} from './kindManifests.ts';
import {KindReplica} from './kindReplica.ts';
import {type LedgerChoice, patchesOfLedgerStatus} from './ledgerUnderTest.ts';
import {run} from './run.ts';
import type {Installed, Stage} from './stage.ts';

type Kubectl = (...args: readonly string[]) => Promise<string>;

/**
 * A kind cluster with the image, installed by the real tools and rolled out by real kubelets; then
 * the Deployment is scaled to none, and replicas come one by one as Pods of its template. It runs
 * only where a Docker engine answers, which is CI: the machine that it was written on has none, and
 * what test/e2e/ holds of it is all that was ever seen to work there.
 */
export async function openKindStage(choice: LedgerChoice, image: string): Promise<Stage> {
  const {kubectl: kubectlPath, helm} = await ensureServers('kubectl', 'helm');
  const cluster = await KindCluster.create(`berth-e2e-${choice.kind}`, image);
  try {
    const env = {KUBECONFIG: cluster.kubeconfigPath};
    const kubectl: Kubectl = (...args) => run(kubectlPath, args, {env});
    const apply = (input: string) => run(kubectlPath, ['apply', '-f', '-'], {env, input});
    const transport = await cluster.connect();
    let commits = async () =>
      patchesOfLedgerStatus(await sendOrThrow(transport, {method: 'GET', path: '/metrics'}));
    if (choice.installer === 'helm') await run(helm, helmArguments(image), {env});
    else commits = await installWithRedis(image, kubectl, apply);
    const deployment = JSON.parse(
      await kubectl('get', 'deployment', 'berth', '-n', namespace, '-o', 'json'),
    ) as Deployment;
    await kubectl('scale', 'deployment', 'berth', '-n', namespace, '--replicas=0');
    await kubectl('wait', '--for=delete', 'pod', '-n', namespace, ...labelsOf(deployment));
    let started = 0;
    const installation: Installed = {
      kubectl,
      kubectlApply: apply,
      startOperator: (...further) => {
        const name = `berth-replica-${++started}`;
        const pod = replicaPod(deployment, name, further);
        return KindReplica.start({cluster, transport, name, kubectl}, pod);
      },
    };
    return {transport: () => transport, commits, installation, close: () => cluster.close()};
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

function labelsOf({spec: {template}}: Deployment): readonly string[] {
  const labels = Object.entries(template.metadata.labels).map(([key, value]) => `${key}=${value}`);
  return ['-l', labels.join(','), '--timeout=60s'];
}

/** The overlay with Redis beside a Redis of its own; returns how its commits are counted. */
async function installWithRedis(
  image: string,
  kubectl: Kubectl,
  apply: (manifest: string) => Promise<string>,
): Promise<() => Promise<number>> {
  // kustomize takes relative paths only, and those from where the folder really is.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'berth-kind-')));
  const at = (name: string) => join(folder, name);
  const [password, adminPassword] = [randomBytes(16), randomBytes(16)].map((b) =>
    b.toString('hex'),
  );
  await makeRedisTls(folder, [`redis.${namespace}.svc`]);
  writeFileSync(at('password'), `${password}\n`);
  const sample = fileURLToPath(new URL('../deploy/samples/redis/users.acl', import.meta.url));
  const users = readFileSync(sample, 'utf8').replace('CHANGE-ME', password!);
  writeFileSync(
    at('users.acl'),
    `${users.trim()}\nuser counter on >${adminPassword} -@all +info\n`,
  );
  writeFileSync(at('kustomization.yaml'), redisOverlay(folder, image));

  await kubectl('create', 'namespace', namespace);
  const secret = (name: string, ...files: string[]) =>
    kubectl(
      ...['create', 'secret', 'generic', name, '-n', namespace],
      ...files.map((file) => `--from-file=${at(file)}`),
    );
  await secret('redis-server', 'ca.crt', 'tls.crt', 'tls.key', 'users.acl');
  await secret('berth-redis', 'password', 'ca.crt');
  await apply(redisManifest());
  await kubectl('wait', '--for=condition=Ready', 'pod/redis', '-n', namespace, '--timeout=180s');
  await kubectl('apply', '--server-side', '-k', folder);
  await kubectl('rollout', 'status', 'deployment/berth', '-n', namespace, '--timeout=180s');

  const ask = ['redis-cli', '--tls', '--cacert', '/redis/ca.crt', '--no-auth-warning'];
  const login = ['--user', 'counter', '--pass', adminPassword!, 'INFO', 'commandstats'];
  return async () => {
    const text = await kubectl('exec', '-n', namespace, 'redis', '--', ...ask, ...login);
    return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(text)?.[1] ?? 0);
  };
}
