import {beforeEach, describe, expect, it} from 'vitest';
import {events, leases, nodes, pods} from '../../src/kube/resource.ts';
import {type Bench, causesOf, refusalOf, type Seen} from './bench.ts';

/** The built-in kinds that Berth uses: Lease, Event, Pod, Node, Namespace. */
export function builtIns(bench: Bench): void {
  leaseRules(bench);
  eventRules(bench);
  podRules(bench);

  describe('a Node', () => {
    const made: string[] = [];
    beforeEach(() => async () => {
      for (const name of made.splice(0)) await bench.call('DELETE', bench.path(nodes, name));
    });

    it('has a status of its own, whose writes may label it', async () => {
      const name = `${bench.namespace}-n`;
      made.push(name);
      const reply = await bench.call('POST', bench.path(nodes), {metadata: {name}});
      expect(reply.status).toBe(201);
      const status = {
        conditions: [{type: 'Ready', status: 'True', reason: 'Ready', message: 'well'}],
      };
      const after = await bench.patch(bench.path(nodes, name, 'status'), {
        metadata: {labels: {zone: 'a'}},
        spec: {unschedulable: true},
        status,
      });
      expect(after.body).toMatchObject({metadata: {labels: {zone: 'a'}}, status});
      expect((after.body as Seen).spec['unschedulable']).toBeUndefined();
      const {items} = await bench.list(
        {fieldSelector: `metadata.name=${name}`, labelSelector: 'zone=a'},
        bench.path(nodes),
      );
      expect(items.map(({metadata}) => metadata.name)).toEqual([name]);
    });
  });

  describe('a Namespace', () => {
    it('is active, and labelled with its name', async () => {
      const {body} = await bench.call('GET', `/api/v1/namespaces/${bench.namespace}`);
      expect(body).toMatchObject({
        metadata: {labels: {'kubernetes.io/metadata.name': bench.namespace}},
        spec: {finalizers: ['kubernetes']},
        status: {phase: 'Active'},
      });
    });
  });
}

function leaseRules(bench: Bench): void {
  describe('a Lease', () => {
    const spec = {
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.123456Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 1,
    };

    it('keeps its times to the microsecond, and passes from hand to hand by revision', async () => {
      const made = await bench.call('POST', bench.path(leases), {metadata: {name: 'l'}, spec});
      expect(made.body).toMatchObject({kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', spec});
      const held = made.body as Seen;
      expect(held.metadata.generation).toBeUndefined();
      const next = {...held, spec: {...spec, holderIdentity: 'two', leaseTransitions: 2}};
      expect((await bench.call('PUT', bench.path(leases, 'l'), next)).status).toBe(200);
      const stale = await bench.call('PUT', bench.path(leases, 'l'), next);
      expect(refusalOf(stale)).toContain(
        '409 Conflict: Operation cannot be fulfilled on leases.coordination.k8s.io "l"',
      );
    });

    it('is created by a replacement, and not replaced without a revision', async () => {
      const put = () => bench.call('PUT', bench.path(leases, 'l'), {metadata: {name: 'l'}, spec});
      expect((await put()).status).toBe(201);
      expect(causesOf(await put())).toEqual(['metadata.resourceVersion: FieldValueInvalid']);
    });

    it.each<[string, object, string]>([
      ['a time without microseconds', {renewTime: '2026-01-01T00:00:00Z'}, '400 BadRequest'],
      ['a time of milliseconds', {renewTime: '2026-01-01T00:00:00.123Z'}, '400 BadRequest'],
      [
        'no duration',
        {leaseDurationSeconds: 0},
        '422 Invalid: Lease.coordination.k8s.io "l" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      ],
      ['transitions below zero', {leaseTransitions: -1}, '422 Invalid'],
    ])('with %s is refused', async (_, part, wanted) => {
      const body = {metadata: {name: 'l'}, spec: {...spec, ...part}};
      expect(refusalOf(await bench.call('POST', bench.path(leases), body))).toContain(wanted);
    });
  });
}

function eventRules(bench: Bench): void {
  describe('an Event', () => {
    const event = (part: object = {}) => ({
      metadata: {name: 'e'},
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'berth.dev/operator',
      reportingInstance: 'one',
      action: 'Placing',
      reason: 'Placed',
      type: 'Normal',
      note: 'placed',
      regarding: {kind: 'Widget', namespace: bench.namespace, name: 'a'},
      ...part,
    });

    it('is stored, and counts repetitions but never changes', async () => {
      const path = bench.path(events);
      expect((await bench.call('POST', path, event())).status).toBe(201);
      const series = {count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z'};
      const again = await bench.patch(bench.path(events, 'e'), {series});
      expect(again.body).toMatchObject({series, note: 'placed'});
      const changed = await bench.patch(bench.path(events, 'e'), {note: 'other'});
      expect(changed.status).toBe(422);
    });

    it.each<[string, object, string[]]>([
      ['without its time', {eventTime: undefined}, ['eventTime: FieldValueRequired']],
      ['without an action', {action: ''}, ['action: FieldValueRequired']],
      ['without a reason', {reason: ''}, ['reason: FieldValueRequired']],
      ['without an instance', {reportingInstance: ''}, ['reportingInstance: FieldValueRequired']],
      ['of an unknown type', {type: 'Loud'}, ['type: FieldValueInvalid']],
      ['with too long a note', {note: 'x'.repeat(1025)}, ['message: FieldValueInvalid']],
      [
        'about no namespace outside the default one',
        {regarding: {kind: 'W', name: 'a'}},
        ['involvedObject.namespace: FieldValueInvalid'],
      ],
    ])('%s is refused', async (_, part, wanted) => {
      const reply = await bench.call('POST', bench.path(events), event(part));
      expect(reply.status).toBe(422);
      expect(causesOf(reply)).toEqual(wanted);
    });
  });
}

function podRules(bench: Bench): void {
  describe('a Pod', () => {
    const pod = (name: string, spec: object = {}) => ({
      metadata: {name},
      spec: {containers: [{name: 'main', image: 'a'}], ...spec},
    });
    const create = async (name: string, spec: object = {}) =>
      (await bench.call('POST', bench.path(pods), pod(name, spec))).body as Seen;

    it('starts pending, with its defaults, and is found by its node and its phase', async () => {
      const made = await create('p', {nodeName: 'n-1'});
      expect(made).toMatchObject({
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: {generation: 1},
        spec: {restartPolicy: 'Always', terminationGracePeriodSeconds: 30, nodeName: 'n-1'},
        status: {phase: 'Pending'},
      });
      await create('q');
      const found = async (fieldSelector: string) =>
        (await bench.list({fieldSelector}, bench.path(pods))).items.map(
          ({metadata}) => metadata.name,
        );
      expect(await found('spec.nodeName=n-1')).toEqual(['p']);
      await bench.patch(bench.path(pods, 'p', 'status'), {status: {phase: 'Running'}});
      expect(await found('status.phase=Running')).toEqual(['p']);
    });

    it('without a container is refused', async () => {
      const reply = await bench.call('POST', bench.path(pods), {metadata: {name: 'p'}, spec: {}});
      expect(causesOf(reply)).toEqual(['spec.containers: FieldValueRequired']);
    });

    it('does not move to another node', async () => {
      await create('p', {nodeName: 'n-1'});
      const reply = await bench.patch(bench.path(pods, 'p'), {spec: {nodeName: 'n-2'}});
      expect(causesOf(reply)).toEqual(['spec: FieldValueForbidden']);
    });

    it('on a node ends gracefully: marked first, gone when its node says so', async () => {
      await create('p', {nodeName: 'n-1'});
      const marked = (await bench.call('DELETE', bench.path(pods, 'p'))).body as Seen;
      expect(marked.metadata).toMatchObject({deletionGracePeriodSeconds: 30, generation: 2});
      const again = (await bench.call('DELETE', bench.path(pods, 'p'))).body as Seen;
      expect(again.metadata.resourceVersion).toBe(marked.metadata.resourceVersion);
      const end = await bench.call('DELETE', bench.path(pods, 'p'), {gracePeriodSeconds: 0});
      expect(end.status).toBe(200);
      expect((await bench.call('GET', bench.path(pods, 'p'))).status).toBe(404);
    });

    it.each<[string, object, object | undefined]>([
      ['without a node', {}, undefined],
      ['that has ended', {nodeName: 'n-1'}, {phase: 'Succeeded'}],
    ])('%s is gone at once', async (_, spec, status) => {
      await create('p', spec);
      if (status) await bench.patch(bench.path(pods, 'p', 'status'), {status});
      const reply = await bench.call('DELETE', bench.path(pods, 'p'));
      expect(reply.body).toMatchObject({kind: 'Pod', metadata: {name: 'p'}});
      expect((await bench.call('GET', bench.path(pods, 'p'))).status).toBe(404);
    });
  });
}
