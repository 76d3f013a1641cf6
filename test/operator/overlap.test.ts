import {describe, expect, it} from 'vitest';
import {workers} from '../../src/kube/resource.ts';
import {conditionOf, numbered} from '../../src/simulate/objects.ts';
import {inFlightOf, isBind, isCommit, isReason} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

/** Two of them do not fit one worker. */
const large = {resources: {cpu: '3', memory: '1Gi'}};
const forEver = Number.POSITIVE_INFINITY;

/**
 * A decision that takes long, while housekeeping or a user starts the next one about the same
 * request.
 */
describe('a request', () => {
  it('keeps what it was decided on while its commit is tried for longer than assumptions last', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    const off = leader.faults.inject({
      fault: {kind: 'status', status: 429, retryAfterMs: 1_000},
      matches: isCommit,
      times: forEver,
    });
    await world.createRequests(['r-1'], large);
    await rig.advance(60_000);
    const {cache, update, queue} = leader.operator.stages;
    expect(cache.assumedCount).toBe(1);
    expect(update.releaseCount).toBe(0);
    expect(queue.counts).toMatchObject({inFlight: 1, ready: 0, delayed: 0});
    await world.createRequests(['r-2'], large);
    off();
    await rig.placed(['r-1']);
    expect(rig.workerOf('r-2')).toBeUndefined();
    await rig.end();
  });

  it('is not decided anew, suspended and resumed, while its bind is on its way', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 2));
    const leader = await rig.lead();
    const off = leader.faults.inject({
      fault: {kind: 'status', status: 429, retryAfterMs: 3_000},
      matches: isBind,
      times: 1,
    });
    await world.createRequests(['r-1'], large);
    await rig.until('it waits for its bind', () => leader.operator.stages.writer.outstanding > 0);
    await rig.advance(100);
    const [committed] = rig.inFlight();
    await world.patchRequest('r-1', {spec: {suspend: true}});
    await rig.advance(100);
    await world.patchRequest('r-1', {spec: {suspend: false}});
    await rig.advance(500);
    expect(rig.inFlight()).toEqual([committed]);
    expect(leader.operator.stages.cache.assumedCount).toBe(1);
    await rig.placed(['r-1']);
    off();
    await world.createRequests(['r-2', 'r-3'], large);
    await rig.advance(2_000);
    await rig.end();
  });
});

describe('a request that somebody else binds while it is decided', () => {
  it.each([
    ['elsewhere, holds nothing of the worker that was chosen', 'w-2'],
    ['where it was decided, keeps that', 'w-1'],
  ])('%s', async (_, workerName) => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    const hold = leader.transport.hold({matches: isCommit, at: 'done'});
    await world.createRequests(['r-1'], large);
    await rig.until('it is committed', () => rig.inFlight().length === 1);
    await world.createWorkers(['w-2']);
    const assignment = {id: '1.99.0', epoch: 1, cycle: 99};
    const conditions = [
      {
        type: 'Scheduled',
        status: 'True',
        reason: 'Placed',
        message: 'by hand',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ];
    const status = {phase: 'Scheduled', workerName, assignment, conditions};
    await world.patchRequest('r-1', {status}, 'status');
    await rig.advance(100);
    hold.release();
    await rig.advance(3_000);
    expect(rig.workerOf('r-1')).toBe(workerName);
    await world.createRequests(['r-2'], large);
    await rig.placed(['r-2'], 2_000);
    await rig.end();
  });
});

describe('a bind that finds nothing there', () => {
  it('is decided anew where the request is there all the same', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    // As an API server that has just started answers for kinds that it does not know yet.
    leader.faults.inject({fault: {kind: 'status', status: 404}, matches: isBind, times: 1});
    await world.createRequests(['r-1']);
    await rig.placed(['r-1']);
    await rig.end();
  });
});

describe('a reason that a bind has pushed aside', () => {
  it('is said when that bind came to nothing', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    const leader = await rig.lead();
    const off = leader.faults.inject({
      fault: {kind: 'status', status: 429, retryAfterMs: 1_000},
      matches: isReason,
      times: forEver,
    });
    await world.createRequests(['r-1'], {workerName: 'w-1'});
    await rig.until('it is on its way', () => leader.sent(isReason).length > 0);
    leader.faults.inject({fault: {kind: 'status', status: 422}, matches: isBind, times: 1});
    await world.createWorkers(['w-1']);
    await rig.until('a bind is tried', () => leader.sent(isBind).length > 0);
    await world.remove({resource: workers, name: 'w-1'});
    off();
    const reason = () => conditionOf(world.request('r-1'), 'Scheduled')?.reason;
    await rig.until('it says why it waits', () => reason() === 'Unplaceable');
    await rig.end();
  });
});

describe('what is seen bound', () => {
  it('leaves the ledger with the next commit, though a batch without placements came between', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    await world.createRequests(['r-1']);
    await rig.placed(['r-1']);
    await rig.advance(1_000);
    await world.createRequests(['giant'], {resources: {cpu: '100', memory: '1Gi'}});
    await rig.advance(1_000);
    await world.createRequests(['r-2']);
    await rig.placed(['r-2']);
    const last = leader.sent(isCommit).at(-1)!;
    expect(inFlightOf(last)).toEqual([world.request('r-2').metadata.uid]);
    await rig.end();
  });
});
