import type {Demand} from '../api/resources.ts';
import {Fragmentation} from './fragmentation.ts';

/** What requests of one form ask for, as far as it decides which GPUs they can use. */
export type Shape = Pick<Demand, 'cpuMillis' | 'gpuCount' | 'gpuMillis' | 'gpuTypes'>;

/** A shape and which part of all requests have it. */
export interface TypicalShape {
  readonly shape: Shape;
  readonly share: number;
}

/** Part of all requests that the typical shapes stand for; what is rarer only costs time. */
const COVERED = 0.95;

/** Shapes counted apart; beyond it the rarest are forgotten. */
const MAX_SHAPES = 1024;

/** Requests counted until the shapes are looked at for the first time, then each time again. */
const REVIEW_AFTER = 256;

/** They are drawn anew when this part of all requests is of other shapes than was thought. */
const MATERIAL = 0.1;

/** Beyond so many requests all counts are halved: what came long ago fades. */
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
 * Which shapes of requests this cluster sees, as far as the table knows: counted as they are taken,
 * or told by somebody who knows the workload. Packing asks it which requests a worker should stay
 * good for.
 *
 *     counts    500m 1x250: 812 | 4 1x1000: 640 | 8 8x1000: 77 | ...
 *     typical   the most frequent ones that together are 95 % of all
 *
 * No clock: the counts fade by halving. They are looked at when a snapshot is taken, so that the
 * order in which requests were taken before it does not matter. O(1) a request, O(shapes log
 * shapes) a review.
 */
export class WorkloadShapes {
  /** Grows when others become typical. */
  version = 0;
  #typical: readonly TypicalShape[] = UNKNOWN_WORKLOAD;
  readonly #counts = new Map<string, {readonly shape: Shape; count: number}>();
  readonly #byType = new Map<string, Fragmentation>();
  #total = 0;
  #sinceReview = 0;
  #isTold = false;

  /** The workload is known: one demand a request. From then on those taken are not counted. */
  tell(demands: Iterable<Shape>): void {
    for (const demand of demands) this.#add(demand);
    if (this.#total === 0) return;
    this.#isTold = true;
    this.#adopt(this.#draw());
  }

  count(shape: Shape): void {
    if (this.#isTold) return;
    this.#add(shape);
    this.#sinceReview++;
  }

  /** Draws the typical shapes anew, if enough has come that they may be others. */
  review(): void {
    if (this.#sinceReview < REVIEW_AFTER) return;
    this.#sinceReview = 0;
    while (this.#total >= FADES_AT) this.#lessen((count) => count >> 1);
    const drawn = this.#draw();
    if (distance(this.#typical, drawn) > MATERIAL) this.#adopt(drawn);
  }

  /** What the typical shapes waste of workers with such GPUs. */
  fragmentation(gpuType: string): Fragmentation {
    let known = this.#byType.get(gpuType);
    if (!known) {
      known = new Fragmentation(gpuType, this.#typical);
      this.#byType.set(gpuType, known);
    }
    return known;
  }

  #add({cpuMillis, gpuCount, gpuMillis, gpuTypes}: Shape): void {
    const shape = {cpuMillis, gpuCount, gpuMillis, gpuTypes};
    const key = textOfShape(shape);
    const known = this.#counts.get(key);
    if (!known && this.#counts.size >= MAX_SHAPES) {
      // Misra and Gries: each loses one, this one too; what is frequent stays.
      this.#lessen((count) => count - 1);
      return;
    }
    this.#total++;
    if (known) known.count++;
    else this.#counts.set(key, {shape, count: 1});
  }

  /** Forgets those of which nothing is left. */
  #lessen(lessened: (count: number) => number): void {
    this.#total = 0;
    for (const [key, one] of this.#counts) {
      one.count = lessened(one.count);
      this.#total += one.count;
      if (one.count === 0) this.#counts.delete(key);
    }
  }

  #draw(): TypicalShape[] {
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
    return typical;
  }

  #adopt(typical: readonly TypicalShape[]): void {
    this.version++;
    this.#typical = typical;
    this.#byType.clear();
  }
}

/** Part of the requests that one of two lists of shapes has and the other has not. */
function distance(left: readonly TypicalShape[], right: readonly TypicalShape[]): number {
  const shares = new Map<string, number>();
  for (const {shape, share} of left) shares.set(textOfShape(shape), share);
  let differing = 0;
  for (const {shape, share} of right) {
    const key = textOfShape(shape);
    differing += Math.abs(share - (shares.get(key) ?? 0));
    shares.delete(key);
  }
  for (const share of shares.values()) differing += share;
  return differing / 2;
}

/** Equal for equal shapes. */
export function textOfShape({cpuMillis, gpuCount, gpuMillis, gpuTypes}: Shape): string {
  return `${cpuMillis} ${gpuCount} ${gpuMillis} ${gpuTypes.join('|')}`;
}
