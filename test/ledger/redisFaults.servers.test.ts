import {beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import {Reject} from '../../src/ledger/ledger.ts';
import {ScriptCode, scriptText, settleScript} from '../../src/ledger/redisScript.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {makeAllocation, makeCommit} from './allocations.ts';
import {assign, keys, RedisFixture, settled} from './redisFixture.ts';

const signal = new AbortController().signal;
const ok = {kind: 'committed', rejects: [undefined]};
describeWithServers('the redis ledger and its Redis', ['redis'], () => {
  const redis = new RedisFixture();

  describe('a Redis that fails', () => {
    beforeEach(() => redis.start());

    it('has its scripts flushed: the text is sent once more', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      await redis.makeAdmin().script('FLUSH');
      expect(await assign(ledger, 'a')).toEqual(ok);
      const stats = await redis.makeAdmin().info('commandstats');
      expect(stats).toMatch(/cmdstat_evalsha:calls=\d+,.*rejected_calls=0,failed_calls=[1-9]/);
      expect(await assign(ledger, 'b', 2)).toEqual(ok);
    });

    it('is killed: said at once, nothing is queued, and it comes back as lost', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      await assign(ledger, 'a');
      await redis.server.kill();
      await vi.waitFor(async () =>
        expect(await assign(ledger, 'b', 2)).toMatchObject({kind: 'unavailable'}),
      );
      const startMs = performance.now();
      expect(await assign(ledger, 'b', 2)).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining(new URL(redis.server.url).host)},
      });
      expect(performance.now() - startMs).toBeLessThan(100);
      await redis.server.restart();
      await vi.waitFor(async () => expect(await assign(ledger, 'b', 2)).toEqual({kind: 'lost'}), {
        timeout: 5000,
      });
      expect(await redis.makeAdmin().dbsize()).toBe(0);
      expect(await ledger.open(1, signal)).toEqual({kind: 'opened', allocations: []});
      expect(await assign(ledger, 'b', 2)).toEqual({kind: 'lost'});
      expect(await ledger.settle(1, [makeAllocation('a')], signal)).toMatchObject({
        kind: 'committed',
      });
      expect(await assign(ledger, 'b', 2)).toEqual(ok);
    });

    it('stops answering: said within the command timeout, and the commit may be tried again', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      redis.server.pause();
      const startMs = performance.now();
      expect(await assign(ledger, 'a')).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining('in time')},
      });
      expect(performance.now() - startMs).toBeLessThan(1500);
      redis.server.resume();
      await vi.waitFor(async () => expect(await assign(ledger, 'a')).toEqual(ok), {timeout: 5000});
      expect(await redis.makeAdmin().hlen(keys.allocations)).toBe(1);
    });

    it('is not there at the start: said at once, and opened when it is', async () => {
      await redis.server.kill();
      const ledger = redis.makeLedger();
      const startMs = performance.now();
      expect(await ledger.open(1, signal)).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining('nothing listens there')},
      });
      expect(performance.now() - startMs).toBeLessThan(1000);
      await redis.server.restart();
      await vi.waitFor(
        async () => expect(await ledger.open(1, signal)).toMatchObject({kind: 'opened'}),
        {timeout: 5000},
      );
    });

    it('is flushed while in use: lost at the next commit, which commits nothing', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      await assign(ledger, 'a');
      await redis.makeAdmin().flushall();
      expect(await assign(ledger, 'b', 2)).toEqual({kind: 'lost'});
      expect(await redis.makeAdmin().dbsize()).toBe(0);
    });

    it('fails over and loses its last commit: lost, though the epoch is still there', async () => {
      const admin = redis.makeAdmin();
      const ledger = redis.makeLedger();
      await settled(ledger);
      const replica = await admin.hgetall(keys.head);
      await assign(ledger, 'a');
      await admin.hset(keys.head, replica);
      await admin.del(keys.allocations, keys.sums);
      expect(await assign(ledger, 'b', 2)).toEqual({kind: 'lost'});
    });

    it('gets an old commit late, from a connection that broke: it is refused', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      await assign(ledger, 'a');
      await ledger.commit(makeCommit({cycle: 2, releases: ['a']}), signal);
      await expect(assign(ledger, 'a', 1)).rejects.toThrow(/cycle 2 was committed before/);
      expect(await redis.makeAdmin().hlen(keys.allocations)).toBe(0);
    });

    it('gets a step of an old settle late: it does not empty the ledger', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      await assign(ledger, 'a');
      const late = ['1', '1', '1'];
      const names = [keys.head, keys.allocations, keys.sums];
      const {source} = scriptText(settleScript);
      expect(await redis.makeAdmin().eval(source, 3, ...names, ...late)).toEqual([ScriptCode.Lost]);
      expect(await redis.makeAdmin().hkeys(keys.allocations)).toEqual(['a']);
    });

    it('gets a commit from before its operator opened it again: it is refused', async () => {
      const [before, after] = [redis.makeLedger(), redis.makeLedger()];
      // Only so that both have the epoch for their own, as one operator's two connections would.
      await settled(after);
      await redis.makeAdmin().flushall();
      await settled(before);
      await assign(before, 'a', 7);
      await settled(after);
      expect(await assign(after, 'b', 1)).toEqual(ok);
      expect(await assign(before, 'a', 8)).toEqual({kind: 'lost'});
      expect(await redis.makeAdmin().hkeys(keys.allocations)).toEqual(['b']);
    });

    it('answers by the stored epoch to a leader before, even after its own operator forgot', async () => {
      const [first, second] = [redis.makeLedger(), redis.makeLedger()];
      await settled(first, 1);
      await settled(second, 2);
      expect(await assign(first, 'a')).toEqual({kind: 'fenced', currentEpoch: 2});
      expect(await first.open(1, signal)).toEqual({kind: 'fenced', currentEpoch: 2});
    });
  });

  describe('what a commit costs Redis', () => {
    beforeEach(() => redis.start());

    it('is one EVALSHA from outside, whatever its size', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      await assign(ledger, 'first');
      const monitor = await redis.makeAdmin().monitor();
      const commands: string[] = [];
      monitor.on('monitor', (_time: string, args: string[], source: string) => {
        if (source !== 'lua') commands.push(args[0] ?? '');
      });
      onTestFinished(() => monitor.disconnect());
      for (let cycle = 2; cycle < 12; cycle++) {
        const assignments = Array.from({length: 512}, (_, index) =>
          makeAllocation(`${cycle}-${index}`, {workerName: `w-${index}`}),
        );
        const {capacities} = makeCommit();
        const capacity = capacities.get('w-1');
        if (!capacity) throw new Error('no capacity');
        const names = assignments.map(({workerName}) => workerName);
        const releases = assignments.map((_, index) => `${cycle - 1}-${index}`);
        const known = new Map(names.map((name) => [name, capacity]));
        const input = makeCommit({cycle, releases, assignments, capacities: known});
        expect(await ledger.commit(input, signal)).toMatchObject({kind: 'committed'});
      }
      await vi.waitFor(() => expect(commands).toHaveLength(10));
      expect(new Set(commands)).toEqual(new Set(['evalsha']));
    });
  });

  describe('the audit', () => {
    beforeEach(() => redis.start());

    it('finds no difference after commits, releases and settles', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      const gpu = makeAllocation('g', {gpuDevices: [3], gpuMillis: 250});
      await ledger.settle(1, [gpu, makeAllocation('a', {workerName: 'w-2'})], signal);
      await ledger.commit(
        makeCommit({releases: ['g'], assignments: [makeAllocation('b'), makeAllocation('c')]}),
        signal,
      );
      expect(await ledger.audit(signal)).toEqual({kind: 'audited', differences: []});
      expect(await redis.makeAdmin().hgetall(keys.sums)).toEqual({
        'w-1': expect.stringMatching(/^\d+\|2000\|2147483648\|2\|0,0,0,0$/),
        'w-2': expect.stringMatching(/^\d+\|1000\|1073741824\|1\|$/),
      });
    });

    it('finds what somebody changed, and a settle makes it right', async () => {
      const admin = redis.makeAdmin();
      const ledger = redis.makeLedger();
      await settled(ledger);
      await assign(ledger, 'a');
      await admin.hset(keys.allocations, 'x', 'w-9|5|6|0||default/x');
      await admin.hset(keys.sums, 'w-1', '1|999|1073741824|1|');
      const none = {kind: 'audited', differences: []};
      const one = {cpuMillis: 1000, memoryBytes: 2 ** 30, containers: 1, gpuMillis: []};
      expect(await ledger.audit(signal)).toEqual({
        kind: 'audited',
        differences: [
          {workerName: 'w-1', stored: {...one, cpuMillis: 999}, summed: one},
          {
            workerName: 'w-9',
            stored: undefined,
            summed: {cpuMillis: 5, memoryBytes: 6, containers: 1, gpuMillis: []},
          },
        ],
      });
      await ledger.settle(1, [makeAllocation('a')], signal);
      expect(await ledger.audit(signal)).toEqual(none);
    });

    it('finds no difference while commits go on', async () => {
      const ledger = redis.makeLedger();
      const other = redis.makeLedger();
      await settled(ledger);
      const stop = new AbortController();
      const commits = (async () => {
        for (let cycle = 1; !stop.signal.aborted; cycle++) {
          const assignments = ['x', 'y'].map((part) => makeAllocation(`${part}${cycle}`));
          const releases = ['x', 'y'].map((part) => `${part}${cycle - 1}`);
          await ledger.commit(makeCommit({cycle, releases, assignments}), signal);
        }
      })();
      for (let round = 0; round < 20; round++) {
        expect(await other.audit(signal)).toEqual({kind: 'audited', differences: []});
      }
      stop.abort();
      await commits;
    });

    it('says whose record cannot be read', async () => {
      const ledger = redis.makeLedger();
      await settled(ledger);
      await redis.makeAdmin().hset(keys.allocations, 'x', 'nonsense');
      expect(await ledger.audit(signal)).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining('allocation of x')},
      });
    });
  });

  it('writes sums above 1e15 with all their digits', async () => {
    await redis.start();
    const ledger = redis.makeLedger();
    await settled(ledger);
    const largest = Number.MAX_SAFE_INTEGER;
    const most = makeAllocation('a', {memoryBytes: largest - 1});
    const capacity = {
      cpuMillis: 4000,
      memoryBytes: largest,
      gpuCount: 0,
      gpuType: '',
      containers: 9,
    };
    const capacities = new Map([['w-1', capacity]]);
    const one = (uid: string, memoryBytes: number) => makeAllocation(uid, {memoryBytes});
    await ledger.commit(makeCommit({assignments: [most], capacities}), signal);
    expect(
      await ledger.commit(
        makeCommit({cycle: 2, assignments: [one('b', 2), one('c', 1), one('d', 1)], capacities}),
        signal,
      ),
    ).toEqual({kind: 'committed', rejects: [Reject.NoCapacity, undefined, Reject.NoCapacity]});
    expect((await redis.makeAdmin().hget(keys.sums, 'w-1'))?.split('|')[2]).toBe(String(largest));
  });
});
