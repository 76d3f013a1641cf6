import {describe, expect, it} from 'vitest';
import {containerRequests} from '../../src/kube/resource.ts';
import {isListOf, isWorkerView} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

describe('the sums of a worker that arrive when their sender has long given them up', () => {
  it('do not undo the later ones', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const leader = await rig.lead();
    const hold = leader.transport.hold({matches: isWorkerView, at: 'sent', times: 1});
    await world.createRequests(['r-1']);
    await rig.until('they are on their way', () => hold.calls.length === 1);
    await world.finish('r-1');
    await rig.advance(15_000);
    hold.release();
    await rig.advance(5_000);
    const [worker] = await world.workers();
    expect(worker!.status).toMatchObject({containers: 0, allocated: {cpu: '0'}});
    await rig.end();
  });
});

describe('the sums of a worker that somebody else writes', () => {
  it('are put right, though nothing of the worker has changed that placement can see', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    await rig.lead();
    await rig.advance(5_000);
    await world.patchWorker('w-1', {status: {containers: 7}}, 'status');
    await rig.advance(5_000);
    const [worker] = await world.workers();
    expect(worker!.status).toMatchObject({containers: 0});
    await rig.end();
  });
});

describe('the sums of a worker whose requests a new leader has not read yet', () => {
  it('are left as they are', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(['w-1']);
    const first = await rig.lead();
    await world.createRequests(['r-1']);
    await rig.placed(['r-1']);
    await rig.advance(5_000);
    first.stop();
    await rig.until('the first one has left', () => !first.isRunning);
    const second = rig.add();
    const fault = {kind: 'delay', beforeMs: 20_000} as const;
    second.faults.inject({fault, matches: isListOf(containerRequests), times: Infinity});
    const sums = second.transport.hold({matches: isWorkerView, at: 'sent'});
    await rig.until('the second one is elected', () => second.operator.isLeader);
    await rig.advance(10_000);
    expect(sums.calls).toEqual([]);
    second.faults.heal();
    sums.release();
    await rig.end();
  });
});
