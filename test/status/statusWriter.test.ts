import {describe, expect, it} from 'vitest';
import type {RawObject} from '../../src/api/rawObject.ts';
import {type Fate, makeObject} from './scriptedServer.ts';
import {bind, createRig, edit, pending, statusOf, waiting} from './writerRig.ts';

const held = {workerName: 'w-9', phase: 'Scheduled', assignment: {id: '6.1.0', epoch: 6}};
const ours = {workerName: 'w-1', phase: 'Running', assignment: {id: '7.1.r-1', epoch: 7}};
const edited = (object: RawObject) =>
  edit('spec', {resources: {cpu: '2'}})(edit('metadata', {generation: 2})(object));

interface Row {
  readonly name: string;
  readonly fates: readonly Fate[];
  readonly outcome: string;
  readonly calls: readonly string[];
  /** Worker in the object's status in the end. */
  readonly workerName?: string;
}

const bindRows: readonly Row[] = [
  {
    name: 'is one PUT when nothing happens',
    fates: [],
    outcome: 'written',
    calls: ['PUT'],
    workerName: 'w-1',
  },
  {
    name: 'is written upon the newer state after a conflict',
    fates: [{meanwhile: edit('metadata', {labels: {a: 'b'}})}],
    outcome: 'written',
    calls: ['PUT', 'GET', 'PUT'],
    workerName: 'w-1',
  },
  {
    name: 'is superseded by another worker',
    fates: [{meanwhile: edit('status', held)}],
    outcome: 'superseded',
    calls: ['PUT', 'GET'],
    workerName: 'w-9',
  },
  {
    name: 'is superseded when the request asks for something else now',
    fates: [{meanwhile: edited}],
    outcome: 'superseded',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is superseded by a suspension',
    fates: [{meanwhile: edit('spec', {suspend: true})}],
    outcome: 'superseded',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is superseded by a deletion under way',
    fates: [{meanwhile: edit('metadata', {deletionTimestamp: '2026-01-01T00:00:00Z'})}],
    outcome: 'superseded',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is superseded by the end of the request',
    fates: [{meanwhile: edit('status', {phase: 'Failed'})}],
    outcome: 'superseded',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is superseded by a spec that cannot be understood any more',
    fates: [{meanwhile: edit('spec', {resources: {cpu: 'lots'}})}],
    outcome: 'superseded',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'ends with the request',
    fates: [{meanwhile: () => undefined}],
    outcome: 'gone',
    calls: ['PUT'],
  },
  {
    name: 'is not for the next request of the same name',
    fates: [{meanwhile: edit('metadata', {uid: 'uid-2'})}],
    outcome: 'gone',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'ends with a request that is deleted between the write and the read',
    fates: [{status: 500}, {meanwhile: () => undefined}],
    outcome: 'gone',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is found written when only its reply was lost',
    fates: [{broken: 'after'}],
    outcome: 'written',
    calls: ['PUT', 'GET'],
    workerName: 'w-1',
  },
  {
    name: 'is found written when the agent has gone on already',
    fates: [{broken: 'after'}, {meanwhile: edit('status', ours)}],
    outcome: 'written',
    calls: ['PUT', 'GET'],
    workerName: 'w-1',
  },
  {
    name: 'is written again when the connection broke too early',
    fates: [{broken: 'before'}],
    outcome: 'written',
    calls: ['PUT', 'GET', 'PUT'],
    workerName: 'w-1',
  },
  {
    name: 'needs no read when it was never sent',
    fates: [{broken: 'unsent'}],
    outcome: 'written',
    calls: ['PUT', 'PUT'],
    workerName: 'w-1',
  },
  {
    name: 'is read after a 500',
    fates: [{status: 500}],
    outcome: 'written',
    calls: ['PUT', 'GET', 'PUT'],
    workerName: 'w-1',
  },
  {
    name: 'is read after a 504',
    fates: [{status: 504}],
    outcome: 'written',
    calls: ['PUT', 'GET', 'PUT'],
    workerName: 'w-1',
  },
  {
    name: 'waits for a read that answers',
    fates: [
      {broken: 'after'},
      {broken: 'before'},
      {status: 503},
      {status: 403},
      {status: 429, retryAfterMs: 5},
    ],
    outcome: 'written',
    calls: ['PUT', 'GET', 'GET', 'GET', 'GET', 'GET'],
    workerName: 'w-1',
  },
  {
    name: 'is refused with 422',
    fates: [{status: 422}],
    outcome: 'refused',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is refused with 403',
    fates: [{status: 403}],
    outcome: 'refused',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is refused with 400',
    fates: [{status: 400}],
    outcome: 'refused',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is not called refused while an earlier write of it may still come true',
    fates: [{broken: 'before'}, {plain: true}, {status: 403}],
    outcome: 'unknown',
    calls: ['PUT', 'GET', 'PUT', 'GET'],
  },
  {
    name: 'is refused after a doubt that a newer state has settled',
    fates: [{broken: 'before'}, {meanwhile: edit('metadata', {labels: {a: 'b'}})}, {status: 403}],
    outcome: 'refused',
    calls: ['PUT', 'GET', 'PUT', 'GET'],
  },
  {
    name: 'that was refused is superseded where the bind of an earlier leader came late',
    fates: [{status: 403}, {meanwhile: edit('status', held)}],
    outcome: 'superseded',
    calls: ['PUT', 'GET'],
    workerName: held.workerName,
  },
  {
    name: 'that was refused is gone where the request is',
    fates: [{status: 422}, {meanwhile: () => undefined}],
    outcome: 'gone',
    calls: ['PUT', 'GET'],
  },
  {
    name: 'is not taken for written where its id stands beside another worker',
    fates: [{broken: 'before'}, {meanwhile: edit('status', {...ours, workerName: 'w-9'})}],
    outcome: 'superseded',
    calls: ['PUT', 'GET'],
    workerName: 'w-9',
  },
];

describe('a placement', () => {
  it.each(bindRows)('$name', async ({fates, outcome, calls, workerName}) => {
    const {clock, server, writer, ends, run} = createRig();
    run();
    const record = waiting(server);
    server.script(fates);
    writer.write(bind(record));
    await clock.advance(60_000);
    expect(ends.map((end) => end.outcome.kind)).toEqual([outcome]);
    expect(server.calls.map(({method}) => method)).toEqual(calls);
    expect(statusOf(server.get('r-1')).workerName).toBe(workerName);
    expect(writer.outstanding).toBe(0);
  });

  it('is given back after many conflicts on end, with what happened', async () => {
    const {clock, server, writer, ends, run} = createRig();
    run();
    const record = waiting(server);
    const busy = edit('metadata', {labels: {}});
    server.script([], {meanwhile: busy});
    writer.write(bind(record));
    await clock.advance(1_000);
    expect(ends[0]!.outcome).toEqual({
      kind: 'refused',
      message: 'changed by others during each of 9 writes',
    });
  });

  it('is superseded, not refused, where the last of many conflicts is a placement', async () => {
    const {clock, server, writer, ends, run} = createRig();
    run();
    const record = waiting(server);
    const conflict: Fate[] = [{meanwhile: edit('metadata', {labels: {}})}, {plain: true}];
    const placed: Fate = {meanwhile: edit('status', held)};
    server.script([...Array.from({length: 8}, () => conflict).flat(), placed]);
    writer.write(bind(record));
    await clock.advance(1_000);
    expect(ends[0]!.outcome).toMatchObject({
      kind: 'superseded',
      object: {status: held},
    });
  });

  it('carries the resource version and uid that it was decided on, and replaces the status', async () => {
    const {clock, server, writer, run} = createRig();
    run();
    const record = waiting(server);
    writer.write(bind(record));
    await clock.advance(0);
    expect(server.calls[0]!.call).toMatchObject({
      method: 'PUT',
      path: '/apis/berth.dev/v1alpha1/namespaces/default/containerrequests/r-1/status',
      query: {fieldManager: 'berth'},
      body: {
        apiVersion: 'berth.dev/v1alpha1',
        kind: 'ContainerRequest',
        metadata: {
          namespace: 'default',
          name: 'r-1',
          uid: 'uid-r-1',
          resourceVersion: record.resourceVersion,
        },
      },
    });
  });

  it('leaves nothing of an earlier run of the request', async () => {
    const {clock, server, writer, run} = createRig();
    run();
    const earlier = {phase: 'Pending', attempts: 1, podName: 'web-1', exitCode: 7};
    const record = waiting(server, 'r-1', makeObject('r-1', {status: earlier}));
    writer.write(bind(record));
    await clock.advance(0);
    const {status} = server.get('r-1')!;
    expect(status).toMatchObject({phase: 'Scheduled', workerName: 'w-1', attempts: 2});
    expect(status).not.toHaveProperty('podName');
    expect(status).not.toHaveProperty('exitCode');
  });

  it.each([429, 503])('waits out a Retry-After of a %i to the millisecond', async (status) => {
    const {clock, server, writer, run} = createRig();
    run();
    const record = waiting(server);
    server.script([{status, retryAfterMs: 1_234}]);
    writer.write(bind(record));
    await clock.advance(1_233);
    expect(server.calls).toHaveLength(1);
    await clock.advance(1);
    expect(server.calls.map(({method, atMs}) => [method, atMs])).toEqual([
      ['PUT', 0],
      ['PUT', 1_234],
    ]);
  });

  it('backs off all the same from a server that says Retry-After: 0', async () => {
    const {clock, server, writer, run} = createRig();
    run();
    const record = waiting(server);
    server.script([], {status: 429, retryAfterMs: 0});
    writer.write(bind(record));
    await clock.advance(1_000);
    expect(server.calls.length).toBeLessThan(8);
  });

  it('backs off with doubling ceilings while nothing answers, and never gives up', async () => {
    const {clock, server, writer, ends, run} = createRig();
    run();
    const record = waiting(server);
    server.script([], {broken: 'before'});
    writer.write(bind(record));
    await clock.advance(600_000);
    expect(ends).toEqual([]);
    const waits = server.calls.slice(1).map(({atMs}, index) => atMs - server.calls[index]!.atMs);
    expect(waits.slice(0, 4)).toEqual([50, 50, 100, 200]);
    expect(Math.max(...waits)).toBe(30_000);
    server.script([]);
    await clock.advance(30_000);
    expect(ends.map(({outcome}) => outcome.kind)).toEqual(['written']);
  });

  it('tells the new resource version and the object, also after a lost reply', async () => {
    const {clock, server, writer, ends, run} = createRig();
    run();
    for (const name of ['r-1', 'r-2']) writer.write(bind(waiting(server, name)));
    server.script([{plain: true}, {broken: 'after'}]);
    await clock.advance(1_000);
    for (const {intent, outcome} of ends) {
      const object = server.get(intent.record.name);
      expect(outcome).toMatchObject({kind: 'written', object});
      expect(outcome).toHaveProperty(
        'resourceVersion',
        (object!.metadata as RawObject).resourceVersion,
      );
    }
    expect(ends).toHaveLength(2);
  });
});

const pendingRows: readonly Row[] = [
  {name: 'is one PATCH when nothing happens', fates: [], outcome: 'written', calls: ['PATCH']},
  {
    name: 'is written upon the newer state after a conflict',
    fates: [{meanwhile: edit('metadata', {labels: {a: 'b'}})}],
    outcome: 'written',
    calls: ['PATCH', 'GET', 'PATCH'],
  },
  {
    name: 'is superseded by a placement',
    fates: [{meanwhile: edit('status', held)}],
    outcome: 'superseded',
    calls: ['PATCH', 'GET'],
    workerName: 'w-9',
  },
  {
    name: 'is superseded by a deletion under way',
    fates: [{meanwhile: edit('metadata', {deletionTimestamp: '2026-01-01T00:00:00Z'})}],
    outcome: 'superseded',
    calls: ['PATCH', 'GET'],
  },
  {
    name: 'is superseded by an edit of the spec',
    fates: [{meanwhile: edit('metadata', {generation: 2})}],
    outcome: 'superseded',
    calls: ['PATCH', 'GET'],
  },
  {
    name: 'ends with the request',
    fates: [{meanwhile: () => undefined}],
    outcome: 'gone',
    calls: ['PATCH'],
  },
  {
    name: 'is not written twice when only its reply was lost',
    fates: [{broken: 'after'}],
    outcome: 'unchanged',
    calls: ['PATCH', 'GET'],
  },
  {name: 'is refused with 422', fates: [{status: 422}], outcome: 'refused', calls: ['PATCH']},
];

describe('a waiting reason', () => {
  it.each(pendingRows)('$name', async ({fates, outcome, calls, workerName}) => {
    const {clock, server, writer, ends, run} = createRig();
    run();
    const record = waiting(server);
    server.script(fates);
    writer.write(pending(record));
    await clock.advance(60_000);
    expect(ends.map((end) => end.outcome.kind)).toEqual([outcome]);
    expect(server.calls.map(({method}) => method)).toEqual(calls);
    expect(statusOf(server.get('r-1')).workerName).toBe(workerName);
  });

  it('costs no call when the object says it already', async () => {
    const {clock, server, writer, ends, run} = createRig();
    run();
    writer.write(pending(waiting(server)));
    await clock.advance(0);
    writer.write(pending(waiting(server, 'r-1', server.get('r-1'))));
    await clock.advance(0);
    expect(ends.map(({outcome}) => outcome.kind)).toEqual(['written', 'unchanged']);
    expect(server.calls).toHaveLength(1);
  });
});
