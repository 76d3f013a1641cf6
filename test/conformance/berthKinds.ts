import {afterEach, beforeAll, describe, expect, it} from 'vitest';
import {containerRequests, ledgers, pathOf, workerPools, workers} from '../../src/kube/resource.ts';
import {applyCrds} from '../servers/applyCrds.ts';
import {type Bench, causesOf, type Seen} from './bench.ts';

/** Berth's own kinds, as `crds/` has them; what CEL rules add to the schemas is left out. */
export function berthKinds(bench: Bench): void {
  const apiVersion = 'berth.dev/v1alpha1';
  const made: string[] = [];
  const request = (spec: object = {}) => ({
    apiVersion,
    kind: 'ContainerRequest',
    metadata: {name: 'r'},
    spec: {container: {image: 'busybox'}, ...spec},
  });
  const worker = (name: string, spec: object = {}) => ({
    apiVersion,
    kind: 'Worker',
    metadata: {name},
    spec: {capacity: {cpu: 4, memory: '8Gi'}, ...spec},
  });
  const create = async (path: string, body: object) => {
    const reply = await bench.call('POST', path, body);
    if (reply.status === 201 && !path.includes('/namespaces/')) {
      made.push(`${path}/${(reply.body as Seen).metadata.name}`);
    }
    return reply;
  };

  describe('a kind of Berth', () => {
    beforeAll(async () => {
      await applyCrds(bench.transport);
    });
    afterEach(async () => {
      for (const path of made.splice(0)) await bench.call('DELETE', path);
    });

    it('has its defaults: a ContainerRequest', async () => {
      const reply = await create(bench.path(containerRequests), request());
      expect(reply.status).toBe(201);
      expect((reply.body as Seen).spec).toEqual({
        container: {image: 'busybox'},
        resources: {cpu: '100m', memory: '128Mi'},
        priority: 0,
        retryLimit: 3,
        suspend: false,
      });
    });

    it('has its defaults: a Worker and a WorkerPool', async () => {
      const {namespace} = bench;
      const one = await create(pathOf(workers), worker(`${namespace}-w`));
      expect((one.body as Seen).spec).toEqual({
        capacity: {cpu: 4, memory: '8Gi', containers: 250},
        poolName: 'default',
        unschedulable: false,
      });
      const body = {apiVersion, kind: 'WorkerPool', metadata: {name: `${namespace}-p`}, spec: {}};
      const pool = await create(pathOf(workerPools), body);
      expect((pool.body as Seen).spec).toEqual({loadBound: 1.25, runtime: 'Pod'});
    });

    it.each<[string, object, string[]]>([
      [
        'no image',
        {container: {}},
        ['<nil>: FieldValueInvalid', 'spec.container.image: FieldValueRequired'],
      ],
      ['an empty image', {container: {image: ''}}, ['spec.container.image: FieldValueInvalid']],
      ['too high a priority', {priority: 1001}, ['spec.priority: FieldValueInvalid']],
      [
        'too many GPUs',
        {resources: {gpu: {count: 17}}},
        ['spec.resources.gpu.count: FieldValueInvalid'],
      ],
      ['a pool that is no name', {poolName: 'A b'}, ['spec.poolName: FieldValueInvalid']],
      [
        'a policy that is none',
        {container: {image: 'a', imagePullPolicy: 'Now'}},
        ['<nil>: FieldValueInvalid', 'spec.container.imagePullPolicy: FieldValueNotSupported'],
      ],
    ])('refuses a ContainerRequest with %s', async (_, spec, wanted) => {
      const reply = await create(bench.path(containerRequests), request(spec));
      expect(reply.status).toBe(422);
      expect(causesOf(reply)).toEqual(wanted);
    });

    it('keeps what a Pod may know and Berth does not', async () => {
      const pod = {volumes: [{name: 'v', emptyDir: {medium: 'Memory'}}]};
      const container = {
        image: 'a',
        env: [{name: 'A', valueFrom: {secretKeyRef: {name: 's', key: 'k'}}}],
        securityContext: {runAsNonRoot: true},
      };
      const reply = await create(bench.path(containerRequests), request({container, pod}));
      expect((reply.body as Seen).spec).toMatchObject({container, pod});
    });

    it('is watched by the worker that it is assigned to', async () => {
      const path = bench.path(containerRequests);
      const watching = await bench.watch({fieldSelector: 'status.workerName=w-1'}, path);
      await create(path, request());
      const status = {
        phase: 'Scheduled',
        workerName: 'w-1',
        assignment: {id: 'one', epoch: 1, cycle: 7, gpuDevices: [0, 1], affinity: 'None'},
        scheduledTime: '2026-01-01T00:00:00.123456Z',
        attempts: 1,
      };
      const bound = await bench.patch(`${path}/r/status`, {status});
      expect((bound.body as Seen).status).toEqual(status);
      const events = await watching.until(1);
      expect(watching.short).toEqual(['ADDED r']);
      expect(events[0]!.object).toEqual(bound.body);
      const {items} = await bench.list({fieldSelector: 'status.phase=Scheduled'}, path);
      expect(items).toHaveLength(1);
    });

    it('carries a Ledger of many records through guarded patches', async () => {
      const name = `${bench.namespace}-l`;
      const body = {apiVersion, kind: 'Ledger', metadata: {name}};
      const ledger = (await create(pathOf(ledgers), body)).body as Seen;
      const inFlight = Array.from({length: 512}, (_, index) => ({
        uid: `uid-${index}`,
        request: `default/r-${index}`,
        workerName: 'w-1',
        cpuMillis: 100,
        memoryBytes: 134_217_728,
      }));
      const {resourceVersion} = ledger.metadata;
      const path = pathOf(ledgers, {name, subresource: 'status'});
      const patch = {metadata: {resourceVersion}, status: {epoch: 3, cycle: 1, inFlight}};
      const written = await bench.patch(path, patch);
      expect((written.body as Seen).status).toEqual({epoch: 3, cycle: 1, inFlight});
      expect((await bench.patch(path, patch)).status).toBe(409);
    });
  });
}
