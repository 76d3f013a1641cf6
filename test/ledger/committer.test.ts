import {describe, expect, it, vi} from 'vitest';
import type {Capacity} from '../../src/api/resources.ts';
import {Committer} from '../../src/ledger/committer.ts';
import type {CommitResult, Ledger, OpenResult} from '../../src/ledger/ledger.ts';
import {PendingUpdate} from '../../src/ledger/pendingUpdate.ts';
import {silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {makeAllocation, makeCommit} from './allocations.ts';

const committed = {kind: 'committed', rejects: [undefined]} as const;
const down = (retryAfterMs?: number): CommitResult => ({
  kind: 'unavailable',
  cause: new Error('down'),
  ...(retryAfterMs === undefined ? {} : {retryAfterMs}),
});

/** A ledger that answers as told, and says what it was asked. */
function scripted(
  answers: readonly (CommitResult | Promise<CommitResult>)[],
  restoring: {readonly opened?: OpenResult; readonly settled?: CommitResult} = {},
) {
  const {opened = {kind: 'opened', allocations: []}, settled = {kind: 'committed', rejects: []}} =
    restoring;
  const left = [...answers];
  const calls: string[] = [];
  const signals: AbortSignal[] = [];
  const asked: (readonly string[])[] = [];
  const ledger: Ledger = {
    kind: 'memory',
    async open(epoch) {
      calls.push(`open ${epoch}`);
      return opened;
    },
    async settle(epoch, allocations) {
      calls.push(`settle ${epoch}: ${allocations.map(({uid}) => uid).join(' ')}`);
      return settled;
    },
    async commit({assignments, capacities: given}, signal) {
      signals.push(signal);
      calls.push(`commit ${assignments.map(({uid}) => uid).join(' ')}`);
      asked.push([...given.keys()]);
      return (await left.shift()) ?? committed;
    },
    async close() {},
  };
  const clock = new VirtualClock();
  const onOutage = vi.fn();
  const capacities = new Map<string, Capacity>();
  const update = new PendingUpdate();
  update.begin();
  const said: object[] = [];
  const say = (keys: object) => void said.push(keys);
  const committer = new Committer({
    ledger,
    clock,
    random: {next: () => 1},
    log: {...silentLog, error: say, info: say},
    allocations: () => [makeAllocation('bound'), makeAllocation('a')],
    capacities: () => capacities,
    update,
    onOutage,
    backoff: {baseMs: 50, maxMs: 30_000},
    drainMs: 10_000,
  });
  const stop = new AbortController();
  const input = makeCommit({epoch: 3, assignments: [makeAllocation('a')]});
  return {
    calls,
    update,
    signals,
    capacities,
    asked,
    clock,
    onOutage,
    said,
    committer,
    stop,
    run: (onWaiting?: (cause: Error) => void) => committer.commit(input, stop.signal, onWaiting),
  };
}

describe('a commit', () => {
  it('is one call when the ledger answers', async () => {
    const {calls, run, onOutage} = scripted([committed]);
    expect(await run()).toEqual(committed);
    expect(calls).toEqual(['commit a']);
    expect(onOutage).not.toHaveBeenCalled();
  });

  it('is tried again as it was while the ledger is out, and the outage is told once', async () => {
    const {calls, run, clock, onOutage, said, committer} = scripted([down(), down(), committed]);
    const done = run();
    await clock.advance(0);
    expect(committer.outage?.message).toBe('down');
    await clock.advance(50);
    expect(calls).toEqual(['commit a', 'commit a']);
    await clock.advance(99);
    expect(calls).toHaveLength(2);
    await clock.advance(1);
    expect(await done).toEqual(committed);
    expect(calls).toEqual(['commit a', 'commit a', 'commit a']);
    expect(onOutage).toHaveBeenCalledTimes(1);
    expect(committer.outage).toBeUndefined();
    const {epoch, cycle} = makeCommit({epoch: 3});
    expect(said).toEqual([
      {epoch, cycle, ledger: 'memory', cause: 'down'},
      {epoch, cycle, ledger: 'memory'},
    ]);
  });

  it('shows and says each new cause of one outage, which is told once', async () => {
    const cause = new Error('wrong password');
    const refused = {kind: 'unavailable', cause} as const;
    const {run, clock, onOutage, said, committer} = scripted([down(), refused, committed]);
    const done = run();
    await clock.advance(50);
    expect(committer.outage?.message).toBe('wrong password');
    await clock.advance(100);
    await done;
    const causes = said.map((keys) => (keys as {cause?: string}).cause);
    expect(causes).toEqual(['down', 'wrong password', undefined]);
    expect(onOutage).toHaveBeenCalledTimes(1);
  });

  it('waits as long as the other side asked', async () => {
    const {calls, run, clock} = scripted([down(7_000), committed]);
    const done = run();
    await clock.advance(6_999);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    expect(await done).toEqual(committed);
  });

  it('comes after a settle where something was placed behind our back', async () => {
    const {calls, run, update} = scripted([]);
    update.adopt();
    expect(await run()).toEqual(committed);
    expect(calls).toEqual(['open 3', 'settle 3: bound', 'commit a']);
    expect(await run()).toEqual(committed);
    expect(calls).toHaveLength(4);
  });

  it.each<[string, Parameters<typeof scripted>[1], readonly string[]]>([
    ['opened', {opened: {kind: 'unavailable', cause: new Error('down')}}, ['open 3']],
    ['settled', {settled: down()}, ['open 3', 'settle 3: bound']],
  ])('is not asked for while what was placed cannot be %s', async (_, restoring, wanted) => {
    const {calls, run, clock, update, committer} = scripted([], restoring);
    update.adopt();
    void run();
    await clock.advance(49);
    expect(calls).toEqual(wanted);
    expect(committer.outage?.message).toBe('down');
    await clock.advance(1);
    expect(calls).toEqual([...wanted, ...wanted]);
  });

  it('ends when it is fenced as it settles what was placed behind our back', async () => {
    const {run, update} = scripted([], {settled: {kind: 'fenced', currentEpoch: 4}});
    update.adopt();
    expect(await run()).toEqual({kind: 'fenced', currentEpoch: 4});
  });

  it('tells a ledger that lost its contents what is true, without its own assignments', async () => {
    const {calls, run, clock} = scripted([{kind: 'lost'}, committed]);
    const done = run();
    await clock.advance(50);
    expect(await done).toEqual(committed);
    expect(calls).toEqual(['commit a', 'open 3', 'settle 3: bound', 'commit a']);
  });

  it.each([
    ['opens', {opened: {kind: 'fenced', currentEpoch: 4}}, 2],
    ['settles', {settled: {kind: 'fenced', currentEpoch: 4}}, 3],
  ] as const)('ends when it is fenced as it %s a ledger that lost its contents', async (...row) => {
    const [, restoring, calls] = row;
    const rig = scripted([{kind: 'lost'}, committed], restoring);
    expect(await rig.run()).toEqual({kind: 'fenced', currentEpoch: 4});
    expect(rig.calls).toHaveLength(calls);
  });

  it.each([
    ['opened', 2],
    ['settled', 3],
  ] as const)('tells of an outage when what it lost cannot be %s again', async (step, calls) => {
    const cause = new Error('down again');
    const rig = scripted([{kind: 'lost'}, committed], {[step]: {kind: 'unavailable', cause}});
    const done = rig.run();
    await rig.clock.advance(49);
    expect(rig.calls).toHaveLength(calls);
    expect(rig.committer.outage).toBe(cause);
    await rig.clock.advance(1);
    expect(await done).toEqual(committed);
    expect(rig.onOutage).toHaveBeenCalledTimes(1);
  });

  it('reads the capacities of its workers at each try, as they change during an outage', async () => {
    const {asked, capacities, run, clock} = scripted([down(), committed]);
    capacities.set('w-1', {cpuMillis: 1, memoryBytes: 1, gpuCount: 0, gpuType: '', containers: 1});
    const done = run();
    await clock.advance(0);
    capacities.delete('w-1');
    await clock.advance(50);
    await done;
    expect(asked).toEqual([['w-1'], []]);
  });

  it('says that it waits at each failure but the first', async () => {
    const {run, clock} = scripted([down(), down(), down(), committed]);
    const waits: string[] = [];
    const done = run((cause) => waits.push(`${cause.message} at ${clock.monotonicMs()}`));
    await clock.advance(1_000);
    expect(await done).toEqual(committed);
    expect(waits).toEqual(['down at 50', 'down at 150']);
  });

  it('asks once, and waits for the answer, when the operator is stopping already', async () => {
    const answer = Promise.withResolvers<CommitResult>();
    const {run, stop, clock, signals, calls} = scripted([answer.promise]);
    stop.abort();
    const done = run();
    await clock.advance(10_000);
    expect(signals[0]!.aborted).toBe(true);
    answer.resolve(down());
    expect(await done).toEqual({kind: 'stopped'});
    expect(calls).toEqual(['commit a']);
  });

  it('ends at once when a later leader has fenced this one', async () => {
    const fenced = {kind: 'fenced', currentEpoch: 4} as const;
    const {run} = scripted([fenced]);
    expect(await run()).toEqual(fenced);
  });

  it('ends when the operator stops, its fate left to the next leader', async () => {
    const {run, stop, clock, calls} = scripted([down(), down()]);
    const done = run();
    await clock.advance(0);
    stop.abort();
    expect(await done).toEqual({kind: 'stopped'});
    expect(calls).toEqual(['commit a']);
  });

  it('under way when the operator stops is waited for: whether binds follow depends on it', async () => {
    const answer = Promise.withResolvers<CommitResult>();
    const {run, stop, clock, signals} = scripted([answer.promise]);
    const done = run();
    stop.abort();
    await clock.advance(9_999);
    expect(signals[0]!.aborted).toBe(false);
    answer.resolve(committed);
    expect(await done).toEqual(committed);
    expect(clock.pendingTimers).toBe(0);
  });

  it('under way when the operator stops is cut off when its time is over', async () => {
    const answer = Promise.withResolvers<CommitResult>();
    const {run, stop, clock, signals} = scripted([answer.promise]);
    const done = run();
    stop.abort();
    await clock.advance(10_000);
    expect(signals[0]!.aborted).toBe(true);
    answer.resolve(down());
    expect(await done).toEqual({kind: 'stopped'});
  });
});
