import {existsSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {kindArguments} from '../../e2e/kindCluster.ts';
import {
  type Deployment,
  helmArguments,
  redisManifest,
  redisOverlay,
  replicaPod,
} from '../../e2e/kindManifests.ts';

const deployment: Deployment = {
  spec: {
    template: {
      metadata: {labels: {app: 'berth'}},
      spec: {containers: [{name: 'operator', args: ['operator', '--config', '/etc/config.yaml']}]},
    },
  },
};

describe('the command lines of the kind ground', () => {
  it('build the image from the root, by a Dockerfile that is there', () => {
    const [command, , dockerfile, , image, context] = kindArguments.build('berth:e2e');
    expect([command, image]).toEqual(['build', 'berth:e2e']);
    expect(existsSync(dockerfile!)).toBe(true);
    expect(existsSync(join(context!, 'package.json'))).toBe(true);
  });

  it('touch a cluster and a kubeconfig of their own only', () => {
    for (const args of [kindArguments.create('a', '/k'), kindArguments.delete('a', '/k')]) {
      expect(args.join(' ')).toMatch(/^(create|delete) cluster --name a --kubeconfig \/k/);
    }
    expect(kindArguments.load('a', 'berth:e2e').join(' ')).toBe(
      'load docker-image berth:e2e --name a',
    );
  });

  it('kill a container without a farewell, by the id that containerd knows', () => {
    expect(kindArguments.kill('a-control-plane', 'containerd://abc').join(' ')).toBe(
      'exec a-control-plane ctr --namespace k8s.io tasks kill --signal SIGKILL abc',
    );
  });

  it('install the chart with the image and wait for it', () => {
    const line = helmArguments('berth:e2e').join(' ');
    expect(line).toMatch(/^install berth \S+deploy\/helm\/berth --namespace berth-system/);
    expect(line).toMatch(/--set image\.repository=berth --set image\.tag=e2e --set replicas=1$/);
    expect(existsSync(helmArguments('berth:e2e')[2]!)).toBe(true);
  });
});

describe('the manifests of the kind ground', () => {
  it('make a replica of the template, with further flags, that is not started again', () => {
    expect(replicaPod(deployment, 'one', ['--batch-idle-ms', '3'])).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'one',
        namespace: 'berth-system',
        labels: {app: 'berth'},
        finalizers: ['berth.dev/e2e'],
      },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'operator',
            args: ['operator', '--config', '/etc/config.yaml', '--batch-idle-ms', '3'],
          },
        ],
      },
    });
  });

  it('name the overlay by a relative path, as kustomize wants it', () => {
    const {resources} = JSON.parse(redisOverlay('/tmp/somewhere', 'berth:e2e')) as {
      resources: string[];
    };
    expect(isAbsolute(resources[0]!)).toBe(false);
    expect(existsSync(join('/tmp/somewhere', resources[0]!, 'kustomization.yaml'))).toBe(true);
  });

  it('let Redis speak TLS only', () => {
    expect(redisManifest()).toContain('"--port","0","--tls-port","6379"');
  });
});
