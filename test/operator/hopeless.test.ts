import {describe, expect, it} from 'vitest';
import {conditionOf, numbered} from '../../src/simulate/objects.ts';
import {isReason} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

const hopelessCount = 20_000;

describe('requests that fit nowhere', () => {
  it(`ahead of one that fits, ${hopelessCount} of them, hold nothing up and are written once each`, async () => {
    const rig = new OperatorRig({latencyMs: 1});
    const {world} = rig;
    await world.createWorkers(numbered('w', 4));
    const hopeless = numbered('a', hopelessCount);
    await world.createRequests(hopeless, {resources: {cpu: '64', memory: '128Mi'}});
    const leader = await rig.lead();
    await rig.until('their class has its verdict', () => {
      const {parked} = leader.operator.stages.queue.counts;
      return parked === hopelessCount;
    });
    const cycles = leader.cycles.filter(({batchSize}) => batchSize > 0).length;
    expect(cycles).toBe(1);

    // While most of the reasons are still to be written, a placement goes first.
    expect(leader.sent(isReason).length).toBeLessThan(hopelessCount / 10);
    await world.createRequests(['z-good']);
    expect(await rig.placed(['z-good'])).toBeLessThan(100);

    await rig.advance(10_000);
    const reasons = leader.sent(isReason);
    expect(reasons).toHaveLength(hopelessCount);
    expect(new Set(reasons.map(({path}) => path)).size).toBe(hopelessCount);
    expect(conditionOf(world.request(hopeless[0]!), 'Scheduled')).toMatchObject({
      status: 'False',
      reason: 'Unplaceable',
      message: expect.stringMatching(
        /^0\/4 workers fit: 4 insufficient cpu. Nearest: w-\d lacks 60 cpu \(4 free of 64 wanted\).$/,
      ),
    });

    // What cannot help them costs them no write.
    await world.finish('z-good');
    await world.createWorkers(['w-small']);
    await rig.advance(5_000);
    expect(leader.sent(isReason)).toHaveLength(hopelessCount);
    await rig.end();
    // 40,000 writes: 5 s alone on two cores, several times as long beside other suites.
  }, 90_000);

  it('are placed when a worker for them joins, as many as it holds; the others count it', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 4));
    const leader = await rig.lead();
    const names = numbered('a', 300);
    await world.createRequests(names, {resources: {cpu: '64', memory: '128Mi'}});
    const isWaiting = (name: string) => rig.workerOf(name) === undefined;
    const messageOf = (name: string) =>
      conditionOf(world.request(name), 'Scheduled')?.message ?? '';
    await rig.until('all say why', () => names.every((name) => messageOf(name).startsWith('0/4')));
    await world.createWorkers(['w-large'], {
      capacity: {cpu: '100000', memory: '1Ti', containers: 200},
    });
    await rig.until('200 are placed', () => names.filter(isWaiting).length === 100);
    const left = names.filter(isWaiting);
    const why = '0/5 workers fit: 4 insufficient cpu, 1 too many containers.';
    await rig.until('the others say why', () =>
      left.every((name) => messageOf(name).startsWith(why)),
    );
    expect(leader.sent(isReason)).toHaveLength(300 + 100);

    const done = names.filter((name) => !isWaiting(name)).slice(0, 10);
    for (const name of done) await world.finish(name);
    await rig.until('10 more are placed', () => left.filter(isWaiting).length === 90);
    await rig.end();
  });
});
