import {seededRandom} from '../../../src/lib/random.ts';
import {place} from '../../../src/placement/place.ts';
import type {Assigned, PlacementRequest, PlacementWorker} from '../../../src/placement/plan.ts';
import type {WorkerTable} from '../../../src/placement/workerTable.ts';
import {allocationOf, tableOf} from '../builders.ts';
import {drawPack, gpuWorkers} from './loads.ts';
import {measure, millionsPerSecond, printTable} from './measure.ts';

/** Part of the GPU milli that is taken, of all workers that take anybody. */
const USED = 0.85;
const TURNS = 2_000;

/** One request at a time, with as much released as placed; beside it the decision alone. */
export function measureSteady(): void {
  const rows = [20, 1_000, 10_000].flatMap((workers) =>
    [false, true].map((isConstrained) => steadyRow(workers, isConstrained)),
  );
  printTable(
    `one at a time at ${100 * USED} % of all GPUs, M/s; the whole turn is place, take, the reading of ` +
      'the plan, and one release',
    ['load', 'decision alone', 'whole turn', 'placed'],
    rows,
  );
}

function steadyRow(workers: number, isConstrained: boolean): string[] {
  const steady = new SteadyState(workers, isConstrained);
  const decisions = measure({run: () => steady.decide(), budgetMs: 300});
  const turns = measure({run: () => steady.turn(), budgetMs: 300});
  return [
    `${workers} workers${isConstrained ? ', all constraints' : ''}`,
    millionsPerSecond(TURNS, decisions),
    millionsPerSecond(TURNS, turns),
    `${((100 * steady.placed) / steady.asked).toFixed(1)} %`,
  ];
}

function usableGpuMillis(workers: readonly PlacementWorker[]): number {
  return workers
    .filter(({ready, unschedulable, taints}) => ready && !unschedulable && taints.length === 0)
    .reduce((sum, {capacity}) => sum + capacity.gpuCount * 1000, 0);
}

class SteadyState {
  asked = 0;
  placed = 0;
  readonly #table: WorkerTable;
  readonly #running: Assigned[] = [];
  readonly #capacity: number;
  readonly #random = seededRandom(85);
  readonly #requests: PlacementRequest[];
  #used = 0;
  #next = 0;

  constructor(workers: number, isConstrained: boolean) {
    const list = gpuWorkers(workers, isConstrained);
    this.#table = tableOf(list);
    this.#capacity = usableGpuMillis(list);
    this.#requests = drawPack(Math.max(20_000, workers * 20), isConstrained, this.#random);
    for (let at = 0; at < this.#requests.length && this.#used < USED * this.#capacity; at += 512) {
      this.#place(512);
    }
  }

  /** Decisions that nothing comes of. */
  decide(): void {
    const snapshot = this.#table.snapshot();
    for (let turn = 0; turn < TURNS; turn++) place(this.#take(1), snapshot);
  }

  /** Releases random ones until there is room below `USED`, then places one. */
  turn(): void {
    for (let turn = 0; turn < TURNS; turn++) {
      while (this.#used > USED * this.#capacity) this.#release();
      this.asked++;
      this.placed += this.#place(1);
    }
  }

  #take(count: number): PlacementRequest[] {
    const batch = this.#requests.slice(this.#next, this.#next + count);
    this.#next = (this.#next + count) % (this.#requests.length - 512);
    return batch;
  }

  #place(count: number): number {
    const {assigned} = place(this.#take(count), this.#table.snapshot());
    for (const one of assigned) {
      this.#table.take(allocationOf(one));
      this.#running.push(one);
      this.#used += one.request.demand.gpuCount * one.request.demand.gpuMillis;
    }
    return assigned.length;
  }

  #release(): void {
    const at = Math.floor(this.#random.next() * this.#running.length);
    const one = this.#running[at]!;
    const last = this.#running.pop()!;
    if (one !== last) this.#running[at] = last;
    this.#table.release(allocationOf(one));
    this.#used -= one.request.demand.gpuCount * one.request.demand.gpuMillis;
  }
}
