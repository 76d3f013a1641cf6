import {describe, expect, it} from 'vitest';
import {createPatched, createWaiting} from '../../../../src/cli/burst/floor.ts';
import {burstNamespace, burstWorker, create, numbered} from '../../../../src/cli/burst/objects.ts';
import {loadFigures} from '../../../../src/cli/perf/sustained/loadFigures.ts';
import {type LoadOptions, runLoad} from '../../../../src/cli/perf/sustained/runLoad.ts';
import {FaultyTransport} from '../../../../src/embedded/faultyTransport.ts';
import {containerRequests, namespaces, pathOf, workers} from '../../../../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../../../../src/kube/transport.ts';
import {sleep} from '../../../../src/lib/clock.ts';
import type {VirtualClock} from '../../../../src/lib/virtualClock.ts';
import {makeServer, startWorld} from '../../../lifecycle/world.ts';
import {withLateTimers} from './lateTimers.ts';

const never = new AbortController().signal;
const name = 'load';
const isCreate = ({method}: {method: string}) => method === 'POST';

type Server = ReturnType<typeof makeServer>;

async function serverWith(workerCount: number): Promise<Server> {
  const on = makeServer();
  const transport = on.server.transport();
  await create(transport, pathOf(namespaces), burstNamespace(name));
  for (const worker of numbered(`${name}-worker`, workerCount)) {
    await create(transport, pathOf(workers), burstWorker(worker, name));
  }
  return on;
}

/** Drives the clock until the load is over. */
async function run(
  {clock, server}: Server,
  options: Partial<LoadOptions> & Pick<LoadOptions, 'send'>,
  client: Transport = server.transport(),
) {
  const load: LoadOptions = {
    stage: {client, observer: server.transport()},
    ...{clock, name, prefix: 'r', ratePerSecond: 100, seconds: 3, holdMs: 1_000},
    ...{timeoutMs: 60_000, quietMs: 3_000},
    ...options,
  };
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  const running = runLoad(load, never);
  running.then(over, over);
  await clock.run(() => isOver);
  const seen = await running;
  return {seen, figures: loadFigures(seen, load)};
}

const left = async ({server}: Server) => {
  const path = pathOf(containerRequests, {namespace: name});
  const call = {method: 'GET', path} as const;
  return (await sendOrThrow<{items: unknown[]}>(server.transport(), call)).items.length;
};

/** A server that answers nothing from one moment to another. */
function stalling(transport: Transport, clock: VirtualClock, fromMs: number, toMs: number) {
  const stalled: Transport = {
    send: async (call, signal) => {
      const nowMs = clock.monotonicMs();
      if (nowMs >= fromMs && nowMs < toMs) await sleep(clock, toMs - nowMs, never);
      return transport.send(call, signal);
    },
    watch: (call, signal) => transport.watch(call, signal),
    close: () => transport.close(),
  };
  return stalled;
}

describe('a load at a fixed rate', () => {
  it('takes as long as the calls do, and removes as many as it creates', async () => {
    const on = await serverWith(1);
    const slow = new FaultyTransport({transport: on.server.transport(), clock: on.clock});
    const fault = {kind: 'delay', beforeMs: 4, afterMs: 2} as const;
    slow.inject({fault, matches: isCreate, times: Number.POSITIVE_INFINITY});
    const {figures} = await run(on, {send: createPatched}, slow);
    expect(figures).toMatchObject({ratePerSecond: 100, due: 300, placed: 300});
    expect(figures.achievedPerSecond).toBe(100);
    for (const {count, p50Ms, p99Ms, maxMs} of [figures.answered!, figures.placement!]) {
      expect(count).toBe(300);
      // A histogram keeps three digits.
      for (const ms of [p50Ms, p99Ms, maxMs]) expect(ms).toBeCloseTo(6, 1);
    }
    // A second of them, at a hundred a second.
    expect(figures.mostHeld).toBeGreaterThanOrEqual(99);
    expect(figures.mostHeld).toBeLessThanOrEqual(101);
    // Those of the last second: all others were deleted in their time.
    expect(await left(on)).toBeLessThanOrEqual(101);
    expect(on.clock.pendingTimers).toBe(0);
  });

  it('counts every create that a stall of the server kept, from the moment it was due', async () => {
    const on = await serverWith(1);
    const client = stalling(on.server.transport(), on.clock, 1_000, 2_000);
    const {figures} = await run(on, {send: createPatched, holdMs: 5_000}, client);
    // A hundred waited, for 1000, 990, 980 ms and so on; who waits for each answer sees one wait.
    const {placement} = figures;
    expect(placement!.p50Ms).toBeLessThan(1);
    expect(placement!.p95Ms).toBeCloseTo(850, -1);
    expect(placement!.p99Ms).toBeCloseTo(970, -1);
    expect(placement!.maxMs).toBeCloseTo(1_000, -1);
    expect(figures.achievedPerSecond).toBe(100);
  });

  it('counts a create that this process was late with from the moment it was due', async () => {
    const on = await serverWith(1);
    const late = withLateTimers(on.clock, 50);
    const {figures} = await run(on, {send: createPatched, clock: late, seconds: 1});
    expect(figures).toMatchObject({due: 100, placed: 100});
    // Each time six begin at once, the first of them 50 ms late.
    expect(figures.placement!.maxMs).toBeCloseTo(50, 0);
    expect(figures.placement!.p95Ms).toBeCloseTo(50, 0);
  });

  it('has not reached its rate where answers come after the time', async () => {
    const on = await serverWith(1);
    const client = stalling(on.server.transport(), on.clock, 1_500, 4_500);
    const {figures} = await run(on, {send: createPatched, holdMs: 5_000}, client);
    expect(figures).toMatchObject({due: 300, placed: 300, achievedPerSecond: 50});
  });

  it('is placed by the real operator, on workers that it never fills', async () => {
    const on = await serverWith(5);
    const world = startWorld({on});
    await world.advance(1_000);
    const {seen, figures} = await run(on, {send: createWaiting});
    expect(figures).toMatchObject({due: 300, placed: 300, achievedPerSecond: 100});
    expect(seen.observer.auditor.violations).toEqual([]);
    expect(figures.mostHeld).toBeGreaterThan(50);
    expect(figures.mostHeld).toBeLessThan(200);
    await world.stop();
  });

  it('counts what found no place with the time that it waited', async () => {
    const on = await serverWith(1);
    const world = startWorld({on});
    await world.advance(1_000);
    const {seen, figures} = await run(on, {send: createWaiting, seconds: 1, holdMs: 60_000});
    expect(figures).toMatchObject({due: 100, placed: 40, mostHeld: 40});
    const waitedMs = seen.endMs - seen.startMs;
    expect(waitedMs).toBeGreaterThan(3_000);
    expect(figures.placement!.count).toBe(100);
    expect(figures.placement!.p99Ms).toBeGreaterThan(waitedMs - 1_000);
    await world.stop();
  });

  it('ends with the error of a call that failed, and creates no more', async () => {
    const on = await serverWith(1);
    const broken = new FaultyTransport({transport: on.server.transport(), clock: on.clock});
    broken.inject({fault: {kind: 'status', status: 503}, matches: isCreate, skip: 20});
    await expect(run(on, {send: createPatched}, broken)).rejects.toThrow(/^Cannot POST .*: 503/);
    expect(await left(on)).toBe(20);
  });
});
