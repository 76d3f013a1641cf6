import fc from 'fast-check';
import type {RequestRecord} from '../../src/api/records.ts';
import type {Allocation} from '../../src/api/resources.ts';
import type {VirtualClock} from '../../src/lib/virtualClock.ts';
import {couldHold} from '../../src/placement/couldHold.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementWorker} from '../../src/placement/plan.ts';
import {createWorkerTable} from '../../src/placement/workerTable.ts';
import type {RequestQueue} from '../../src/queue/requestQueue.ts';
import {allocationOf, makeWorkers} from '../placement/builders.ts';
import {whyNot} from '../placement/oracle.ts';
import {createQueue, makeRequest} from './rig.ts';

/*
 * Queue and placement as the scheduler joins them, with a ledger that rejects what it is told to;
 * and a list of everybody who was passed, made from what is known outside of both.
 */

export type Turn = (typeof turn extends fc.Arbitrary<infer Each> ? Each : never) | Arrival;

interface Arrival {
  readonly kind: 'arrive';
  readonly cpuMillis: number;
  readonly priority: number;
}

const turn = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      cpuMillis: fc.constantFrom(1000, 2000, 3000),
      priority: fc.integer({min: 0, max: 3}),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('cycle' as const),
      max: fc.integer({min: 1, max: 4}),
      /** Of the assignments, counted from 0, those that the ledger rejects. */
      rejects: fc.uniqueArray(fc.nat({max: 3}), {maxLength: 2}),
      /** One of those that run ends while the batch is decided. */
      isEndBetween: fc.boolean(),
    }),
  },
  {weight: 2, arbitrary: fc.record({kind: fc.constant('end' as const), pick: fc.nat()})},
  {
    weight: 1,
    arbitrary: fc.record({kind: fc.constant('advance' as const), byMs: fc.nat({max: 60})}),
  },
);

export const turns: fc.Arbitrary<Turn[]> = fc.array(turn, {maxLength: 60, size: 'max'});

interface Waiting {
  readonly record: RequestRecord;
  rejectedInARow: number;
}

export class PlacingRig {
  readonly inversions: string[] = [];
  readonly #queue: RequestQueue;
  readonly #clock: VirtualClock;
  readonly #workers: readonly PlacementWorker[] = makeWorkers(2);
  readonly #table = createWorkerTable();
  readonly #waiting = new Map<string, Waiting>();
  readonly #running: Allocation[] = [];
  #arrivals = 0;

  constructor(plant: (queue: RequestQueue) => RequestQueue) {
    const {queue, clock} = createQueue();
    this.#queue = plant(queue);
    this.#clock = clock;
    for (const worker of this.#workers) this.#table.upsertWorker(worker);
  }

  async go(next: Turn): Promise<void> {
    switch (next.kind) {
      case 'arrive':
        this.#arrive(next);
        break;
      case 'cycle':
        this.#cycle(next);
        break;
      case 'end':
        this.#end(next.pick);
        break;
      case 'advance':
        await this.#clock.advance(next.byMs);
        break;
    }
  }

  #arrive({cpuMillis, priority}: Arrival): void {
    const createdMs = this.#arrivals++;
    const record = makeRequest({
      name: `r-${createdMs}`,
      createdMs,
      priority,
      classKey: `${cpuMillis}m`,
      demand: {cpuMillis, memoryBytes: 1, gpuCount: 0, gpuMillis: 0, gpuTypes: []},
    });
    this.#waiting.set(record.uid, {record, rejectedInARow: 0});
    this.#queue.upsert(record);
  }

  #cycle({max, rejects, isEndBetween}: Turn & {readonly kind: 'cycle'}): void {
    const batch = this.#queue.take(max);
    const before = [...this.#running];
    const plan = place(batch, this.#table.snapshot());
    this.#notePassed(
      plan.assigned.map(({request}) => request),
      {
        before,
        given: plan.assigned.map(allocationOf),
      },
    );
    for (const one of plan.assigned) this.#table.take(allocationOf(one));
    if (isEndBetween) this.#end(0);
    for (const [index, one] of plan.assigned.entries()) {
      const allocation = allocationOf(one);
      const {key, uid} = one.request;
      if (rejects.includes(index)) {
        this.#giveBack(allocation);
        this.#waiting.get(uid)!.rejectedInARow++;
        this.#queue.requeue(key, {uid, keepsRank: true});
      } else {
        this.#running.push(allocation);
        this.#waiting.delete(uid);
        this.#queue.done(key, uid, '11');
      }
    }
    for (const [classKey, unplaced] of Map.groupBy(plan.unplaced, (one) => one.request.classKey)) {
      const records = unplaced.map(({request}) => request);
      this.#queue.park(classKey, unplaced[0]!.verdict, records);
    }
  }

  /** Who waits, and would have had room but for what the batch gave to lower priorities. */
  #notePassed(
    placed: readonly RequestRecord[],
    {
      before,
      given,
    }: {readonly before: readonly Allocation[]; readonly given: readonly Allocation[]},
  ): void {
    for (const {record, rejectedInARow} of this.#waiting.values()) {
      if (placed.includes(record) || rejectedInARow > 4) continue;
      const lower = placed.filter(({priority}) => priority < record.priority);
      if (lower.length === 0) continue;
      const held = [...before, ...given.filter(({uid}) => !lower.some((one) => one.uid === uid))];
      for (const worker of this.#workers) {
        if (whyNot(record, worker, held)) continue;
        this.inversions.push(`${record.name} was passed on ${worker.name}`);
      }
    }
  }

  #end(pick: number): void {
    const [ended] = this.#running.splice(pick % Math.max(1, this.#running.length), 1);
    if (ended) this.#giveBack(ended);
  }

  #giveBack(allocation: Allocation): void {
    this.#table.release(allocation);
    const worker = this.#workers.find(({name}) => name === allocation.workerName)!;
    // As generous as can be: placement finds out.
    const used = {cpuMillis: 0, memoryBytes: 0, containers: 0, gpuMillis: []};
    this.#queue.wake(({demand, constraints}) => couldHold({worker, used, demand, constraints}));
  }
}
