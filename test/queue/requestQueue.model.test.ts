import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {RequestRecord} from '../../src/api/records.ts';
import {BEHIND_OWN_KIND} from '../../src/queue/classQueue.ts';
import type {RequestQueue} from '../../src/queue/requestQueue.ts';
import {createQueue, keyOf, makeRequest, verdict} from './rig.ts';

interface Known {
  record: RequestRecord;
  state: 'waiting' | 'inFlight' | 'delayed';
  dueMs: number;
  /** While delayed. */
  keepsRank: boolean;
  requeues: number;
  /** Message that was last handed out for it. */
  told: string | undefined;
}

/** The same queue as one list that is searched and sorted for everything. */
class PlainQueue {
  known: Known[] = [];
  readonly parked = new Map<string, {message: string; foremost: number}>();
  woken = new Set<string>();
  /** Who found it full. */
  outside: RequestRecord[] = [];

  find(name: string): Known | undefined {
    return this.known.find(({record}) => record.name === name);
  }

  upsert(record: RequestRecord, maxRequests: number): void {
    const one = this.find(record.name);
    if (!one) {
      const at = this.outside.findIndex(({name}) => name === record.name);
      if (this.known.length < maxRequests) this.#admit(record);
      else if (at < 0) this.outside.push(record);
      else this.outside[at] = record;
      return;
    }
    if (one.record.generation !== record.generation) {
      one.requeues = 0;
      if (one.state === 'delayed') one.state = 'waiting';
    }
    one.record = record;
    this.#forgetEmptyClasses();
  }

  remove(name: string): void {
    this.outside = this.outside.filter((record) => record.name !== name);
    if (!this.find(name)) return;
    this.known = this.known.filter(({record}) => record.name !== name);
    this.#forgetEmptyClasses();
    this.outside.sort((left, right) => byRank({record: left}, {record: right}));
    const next = this.outside.shift();
    if (next) this.#admit(next);
  }

  #admit(record: RequestRecord): void {
    const fresh = {dueMs: 0, keepsRank: false, requeues: 0, told: undefined};
    this.known.push({record, state: 'waiting', ...fresh});
  }

  take(max: number): string[] {
    const taken: Known[] = [];
    while (taken.length < max) {
      const ready = this.known
        .filter((one) => one.state === 'waiting' && !this.parked.has(one.record.classKey))
        .sort(byRank);
      const [best] = ready;
      if (!best) break;
      const recalled = this.known
        .filter((one) => one.state === 'delayed' && one.keepsRank && byRank(one, best) < 0)
        .sort(byRank);
      if (recalled[0]) recalled[0].state = 'waiting';
      else {
        best.state = 'inFlight';
        taken.push(best);
        // Who is recalled later joins a class that this may have been the last one of.
        this.#forgetEmptyClasses();
      }
    }
    this.woken.clear();
    return taken.map(({record}) => record.name);
  }

  giveBack(names: readonly string[]): void {
    for (const name of names) {
      const one = this.find(name);
      if (one?.state === 'inFlight') one.state = 'waiting';
    }
  }

  park(classKey: string, message: string, names: readonly string[]): void {
    this.giveBack(names);
    if (this.woken.has(classKey) || this.#members(classKey).length === 0) return;
    const judged = names.map((name) => this.find(name)?.record);
    const priorities = judged
      .filter((record) => record?.classKey === classKey)
      .map((record) => record!.priority);
    this.parked.set(classKey, {message, foremost: Math.max(...priorities)});
  }

  /** What a request says; undefined while its class is not parked. */
  textFor({classKey, priority}: RequestRecord): string | undefined {
    const verdictOfClass = this.parked.get(classKey);
    if (!verdictOfClass) return undefined;
    const {message, foremost} = verdictOfClass;
    return priority < foremost ? `${message} ${BEHIND_OWN_KIND}` : message;
  }

  wake(classKey: string): void {
    this.parked.delete(classKey);
    this.woken.add(classKey);
  }

  advance(nowMs: number): void {
    for (const one of this.known) {
      if (one.state === 'delayed' && one.dueMs <= nowMs) one.state = 'waiting';
    }
  }

  counts() {
    const of = (state: Known['state']) => this.known.filter((one) => one.state === state);
    const waiting = of('waiting');
    const parked = waiting.filter(({record}) => this.parked.has(record.classKey)).length;
    return {
      ready: waiting.length - parked,
      parked,
      inFlight: of('inFlight').length,
      delayed: of('delayed').length,
      placed: 0,
    };
  }

  #members(classKey: string): Known[] {
    return this.known.filter((one) => one.state === 'waiting' && one.record.classKey === classKey);
  }

  #forgetEmptyClasses(): void {
    for (const classKey of this.parked.keys()) {
      if (this.#members(classKey).length === 0) this.parked.delete(classKey);
    }
  }

  afterTake(): void {
    this.#forgetEmptyClasses();
  }
}

function byRank(
  {record: left}: Pick<Known, 'record'>,
  {record: right}: Pick<Known, 'record'>,
): number {
  if (left.priority !== right.priority) return right.priority - left.priority;
  if (left.createdMs !== right.createdMs) return left.createdMs - right.createdMs;
  return left.key < right.key ? -1 : 1;
}

const names = fc.integer({min: 0, max: 11}).map((index) => `r-${index}`);
const classKeys = fc.constantFrom('a', 'b', 'c');
const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('upsert' as const),
      name: names,
      classKey: classKeys,
      priority: fc.integer({min: 0, max: 2}),
      createdMs: fc.integer({min: 0, max: 2}),
      generation: fc.integer({min: 1, max: 2}),
    }),
  },
  {weight: 1, arbitrary: fc.record({kind: fc.constant('remove' as const), name: names})},
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('cycle' as const),
      max: fc.integer({min: 1, max: 6}),
      /** Classes that fit nowhere in this cycle. */
      hopeless: fc.uniqueArray(classKeys),
      message: fc.constantFrom('no', 'still no'),
      wokenMeanwhile: fc.option(classKeys, {nil: undefined}),
    }),
  },
  {weight: 1, arbitrary: fc.record({kind: fc.constant('wake' as const), classKey: classKeys})},
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('requeue' as const),
      name: names,
      delayMs: fc.integer({min: 0, max: 20}),
      keepsRank: fc.boolean(),
    }),
  },
  {weight: 1, arbitrary: fc.record({kind: fc.constant('claim' as const), name: names})},
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      byMs: fc.integer({min: 0, max: 15}),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({kind: fc.constant('report' as const), max: fc.integer({min: 1, max: 5})}),
  },
);
type Action = typeof action extends fc.Arbitrary<infer Each> ? Each : never;
type Rig = ReturnType<typeof createQueue>;

async function act(next: Action, {queue, clock}: Rig, plain: PlainQueue): Promise<void> {
  switch (next.kind) {
    case 'upsert': {
      const {kind: _, ...fields} = next;
      queue.upsert(makeRequest(fields));
      plain.upsert(makeRequest(fields), MAX_REQUESTS);
      break;
    }
    case 'remove':
      queue.remove(keyOf(next.name));
      plain.remove(next.name);
      break;
    case 'cycle': {
      const batch = queue.take(next.max);
      expect(batch.map(({name}) => name)).toEqual(plain.take(next.max));
      const isTaken = batch.some(({classKey}) => classKey === next.wokenMeanwhile);
      if (next.wokenMeanwhile !== undefined && isTaken) {
        queue.wake(({classKey}) => classKey === next.wokenMeanwhile);
        plain.wake(next.wokenMeanwhile);
      }
      for (const classKey of next.hopeless) {
        const unplaced = batch.filter((record) => record.classKey === classKey);
        if (unplaced.length === 0) continue;
        queue.park(classKey, verdict(next.message), unplaced);
        plain.park(
          classKey,
          next.message,
          unplaced.map(({name}) => name),
        );
      }
      break;
    }
    case 'wake':
      queue.wake(({classKey}) => classKey === next.classKey);
      plain.wake(next.classKey);
      break;
    case 'requeue': {
      const {delayMs, keepsRank} = next;
      queue.requeue(keyOf(next.name), {delayMs, keepsRank});
      const one = plain.find(next.name);
      if (one?.state !== 'inFlight') break;
      one.state = 'delayed';
      one.dueMs = clock.monotonicMs() + delayMs;
      one.keepsRank = keepsRank && one.requeues < 4;
      one.requeues++;
      break;
    }
    case 'claim': {
      const one = plain.find(next.name);
      const expected = one && one.state !== 'inFlight' ? one.record : undefined;
      expect(queue.claim(`uid-${next.name}`)).toEqual(expected);
      if (one) one.state = 'inFlight';
      plain.afterTake();
      break;
    }
    case 'advance':
      await clock.advance(next.byMs);
      plain.advance(clock.monotonicMs());
      break;
    case 'report':
      report(queue, plain, next.max);
      break;
  }
}

/** Whoever is reported is parked and gets the verdict of its class; nobody is left out for ever. */
function report(queue: RequestQueue, plain: PlainQueue, max: number): void {
  const page = queue.takeUnreported(max);
  expect(page.length).toBeLessThanOrEqual(max);
  for (const {record, verdict: given} of page) {
    const one = plain.find(record.name);
    expect(one?.state).toBe('waiting');
    expect(given.message).toBe(plain.textFor(record));
    one!.told = given.message;
  }
  if (page.length === max) return;
  for (const one of plain.known) {
    const message = plain.textFor(one.record);
    if (one.state === 'waiting' && message !== undefined) expect(one.told).toBe(message);
  }
}

const MAX_REQUESTS = 10;

describe('the request queue', () => {
  it('does what a plain list does, whatever the order of events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, {maxLength: 60}), async (actions) => {
        const rig = createQueue({maxRequests: MAX_REQUESTS});
        const plain = new PlainQueue();
        for (const next of actions) {
          await act(next, rig, plain);
          expect(rig.queue.counts).toEqual(plain.counts());
        }
        await rig.clock.advance(20);
        plain.advance(rig.clock.monotonicMs());
        rig.queue.wakeAll();
        plain.parked.clear();
        expect(rig.queue.take(99).map(({name}) => name)).toEqual(plain.take(99));
      }),
      {numRuns: 300},
    );
  });
});
