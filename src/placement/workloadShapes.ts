import type {Demand} from '../api/resources.ts';

/** What requests of one form ask for, as far as it decides which GPUs they can use. */
export type Shape = Pick<Demand, 'cpuMillis' | 'gpuCount' | 'gpuMillis' | 'gpuTypes'>;

/** A shape and which part of all requests have it. */
export interface TypicalShape {
  readonly shape: Shape;
  readonly share: number;
}

/** Part of all requests that the typical shapes stand for; what is rarer only costs time. */
const COVERED = 0.95;

/** Shapes counted apart; the rarest are forgotten beyond it. */
const MAX_SHAPES = 1024;

/** Requests until the typical shapes are drawn up for the first time. */
const FIRST_DRAW = 256;

/** From so many on they are drawn up anew at each further so many. */
const LATER_DRAWS = 4096;

/** At so many requests all counts are halved: what came long ago fades. */
const FADES_AT = 65_536;

/**
 * Shapes for a workload of which nothing is known yet: whole GPUs in each usual number, and halves.
 * Enough to keep whole machines whole, which is most of what is to be gained; little cpu, so that
 * no worker is written off for it.
 */
const UNKNOWN_WORKLOAD: readonly TypicalShape[] = [
  {shape: {cpuMillis: 1000, gpuCount: 1, gpuMillis: 500, gpuTypes: []}, share: 0.3},
  {shape: {cpuMillis: 2000, gpuCount: 1, gpuMillis: 1000, gpuTypes: []}, share: 0.4},
  {shape: {cpuMillis: 4000, gpuCount: 2, gpuMillis: 1000, gpuTypes: []}, share: 0.1},
  {shape: {cpuMillis: 8000, gpuCount: 4, gpuMillis: 1000, gpuTypes: []}, share: 0.1},
  {shape: {cpuMillis: 16_000, gpuCount: 8, gpuMillis: 1000, gpuTypes: []}, share: 0.1},
];

/**
 * Which shapes of requests this cluster sees, as far as the table knows: counted at each placement,
 * or told by somebody who knows the workload. Packing asks it which requests a worker should stay
 * good for.
 *
 *     counts    500m 1x250: 812 | 4 1x1000: 640 | 8 8x1000: 77 | ...
 *     typical   the most frequent ones that together are 95 % of all
 *
 * No clock: the counts fade by halving, and are looked at after a fixed number of placements, so
 * that the same history gives the same plans. O(1) a placement, O(shapes log shapes) a draw.
 */
export class WorkloadShapes {
  /** Grows with each new draw of `typical`. */
  version = 0;
  typical: readonly TypicalShape[] = UNKNOWN_WORKLOAD;
  readonly #counts = new Map<string, {readonly shape: Shape; count: number}>();
  #total = 0;
  #nextDraw = FIRST_DRAW;
  #isTold = false;

  /** The workload is known: one demand a request. From then on placements are not counted. */
  tell(demands: Iterable<Shape>): void {
    this.#counts.clear();
    this.#total = 0;
    for (const demand of demands) this.#add(demand);
    this.#isTold = this.#total > 0;
    this.#nextDraw = FIRST_DRAW;
    this.#draw();
  }

  count(shape: Shape): void {
    if (this.#isTold) return;
    this.#add(shape);
    if (this.#total >= FADES_AT) this.#fade();
    if (this.#total < this.#nextDraw) return;
    this.#draw();
    this.#nextDraw = this.#total + Math.min(this.#total, LATER_DRAWS);
  }

  #add({cpuMillis, gpuCount, gpuMillis, gpuTypes}: Shape): void {
    const key = `${cpuMillis} ${gpuCount} ${gpuMillis} ${gpuTypes.join('|')}`;
    const known = this.#counts.get(key);
    this.#total++;
    if (known) {
      known.count++;
      return;
    }
    if (this.#counts.size >= MAX_SHAPES) this.#fade();
    this.#counts.set(key, {shape: {cpuMillis, gpuCount, gpuMillis, gpuTypes}, count: 1});
  }

  /** Halves all counts, and forgets those that came once. */
  #fade(): void {
    this.#total = 0;
    for (const [key, one] of this.#counts) {
      one.count >>= 1;
      this.#total += one.count;
      if (one.count === 0) this.#counts.delete(key);
    }
    this.#nextDraw = Math.min(this.#nextDraw, this.#total + LATER_DRAWS);
  }

  #draw(): void {
    this.version++;
    const byCount = [...this.#counts.entries()].sort(
      ([leftKey, left], [rightKey, right]) =>
        right.count - left.count || (leftKey < rightKey ? -1 : 1),
    );
    const typical: TypicalShape[] = [];
    let covered = 0;
    for (const [, {shape, count}] of byCount) {
      if (covered >= COVERED * this.#total) break;
      covered += count;
      typical.push({shape, share: count / this.#total});
    }
    this.typical = typical.length > 0 ? typical : UNKNOWN_WORKLOAD;
  }
}
