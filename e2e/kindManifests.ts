import {relative} from 'node:path';
import {fileURLToPath} from 'node:url';

/** Where both installers put the operator. */
export const namespace = 'berth-system';
const root = fileURLToPath(new URL('..', import.meta.url));
const redisImage = 'redis:7.4-alpine';

/** The part of a Deployment that a Pod is made of. */
export interface Deployment {
  readonly spec: {
    readonly template: {
      readonly metadata: {readonly labels: Readonly<Record<string, string>>};
      readonly spec: {
        readonly containers: readonly [{readonly name: string; readonly args: readonly string[]}];
      };
    };
  };
}

/** Keeps an ended Pod until its exit code was read. */
export const finalizer = 'berth.dev/e2e';

/**
 * One replica as a Pod of its own, from the template of the Deployment as it was installed. A Pod
 * of the Deployment would be replaced in the moment it is killed, by none that the test has asked
 * for.
 */
export function replicaPod(
  {spec: {template}}: Deployment,
  name: string,
  further: readonly string[],
): object {
  const [operator] = template.spec.containers;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name, namespace, labels: template.metadata.labels, finalizers: [finalizer]},
    spec: {
      ...template.spec,
      restartPolicy: 'Never',
      containers: [{...operator, args: [...operator.args, ...further]}],
    },
  };
}

/**
 * An overlay of a user's own in `folder`: the one with Redis, one replica, the image of this run.
 */
export function redisOverlay(folder: string, image: string): string {
  const [newName, newTag] = image.split(':');
  return JSON.stringify({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(folder, `${root}deploy/kustomize/overlays/redis`)],
    images: [{name: 'berth', newName, newTag}],
    replicas: [{name: 'berth', count: 1}],
  });
}

/** `helm install` of the chart with one replica of the image, waiting for it. */
export function helmArguments(image: string): readonly string[] {
  const [repository, tag] = image.split(':');
  const values = [`image.repository=${repository}`, `image.tag=${tag}`, 'replicas=1'];
  return [
    ...['install', 'berth', `${root}deploy/helm/berth`, '--namespace', namespace],
    ...['--create-namespace', '--wait', '--timeout', '3m'],
    ...values.flatMap((value) => ['--set', value]),
  ];
}

/** Redis as a Pod and a Service `redis`: TLS only, its files from the Secret `redis-server`. */
export function redisManifest(): string {
  const labels = {app: 'redis'};
  const metadata = {name: 'redis', namespace, labels};
  const items = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {selector: labels, ports: [{port: 6379}]},
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: {
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 999,
          seccompProfile: {type: 'RuntimeDefault'},
        },
        containers: [
          {
            name: 'redis',
            image: redisImage,
            command: ['redis-server'],
            args: [
              ...['--port', '0', '--tls-port', '6379', '--tls-auth-clients', 'no', '--save', ''],
              ...['--tls-ca-cert-file', '/redis/ca.crt', '--tls-cert-file', '/redis/tls.crt'],
              ...['--tls-key-file', '/redis/tls.key', '--aclfile', '/redis/users.acl'],
            ],
            readinessProbe: {tcpSocket: {port: 6379}, periodSeconds: 1},
            securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}},
            volumeMounts: [{name: 'files', mountPath: '/redis', readOnly: true}],
            workingDir: '/tmp',
          },
        ],
        volumes: [{name: 'files', secret: {secretName: 'redis-server'}}],
      },
    },
  ];
  return JSON.stringify({apiVersion: 'v1', kind: 'List', items});
}
