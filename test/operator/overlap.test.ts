import {describe, expect, it} from 'vitest';
import {inFlightOf, isBind, isCommit} from './calls.ts';
import {numbered} from './objects.ts';
import {OperatorRig} from './operatorRig.ts';

/** Two of them do not fit one worker. */
const large = {resources: {cpu: '3', memory: '1Gi'}};
const forEver = Number.POSITIVE_INFINITY;

/** A decision that takes long, while housekeeping or a user starts the next one about the same request. */
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
