import {assert} from '../lib/assert.ts';
import {Journal} from './journal.ts';
import {LoadTree} from './loadTree.ts';
import {SlotTable} from './slotTable.ts';
import {TierUsage} from './tierUsage.ts';
import type {WorkerRows} from './workerRows.ts';

/** The load trees of a tier, and how much of the journal of falling loads they have seen. */
interface Trees {
  /** By size group; with holes. */
  readonly byGroup: (LoadTree | undefined)[];
  seen: number;
}

/**
 * Workers that a request likes equally, all of one strategy: a bitmap over positions, and what is
 * derived from it, each made at its first use and kept up with every change since.
 *
 *     bits   [ 0 1 0 1 0 0 0 1 ... ]    1 = the worker at that position is of the tier
 */
export class Tier {
  readonly packs: boolean;
  readonly bits: Int32Array;
  count = 0;
  readonly #rows: WorkerRows;
  #positions: Int32Array | undefined;
  #slots: SlotTable | undefined;
  #usage: TierUsage | undefined;
  #trees: Trees | undefined;

  constructor(packs: boolean, rows: WorkerRows) {
    this.packs = packs;
    this.bits = new Int32Array(Math.ceil(rows.layout.hash.length / 32));
    this.#rows = rows;
  }

  has(position: number): boolean {
    return ((this.bits[position >> 5]! >>> (position & 31)) & 1) === 1;
  }

  add(position: number): void {
    this.bits[position >> 5]! |= 1 << (position & 31);
    this.count++;
    this.#positions = undefined;
    this.#usage?.count(position, 1);
    if (this.#slots?.isMadeFor(this.count)) this.#slots.join(position);
    else this.#slots = undefined;
    if (!this.#trees) return;
    const tree = this.#treeOf(this.#rows.layout.sizeGroup[position]!, this.#trees);
    tree.add(position);
    tree.refresh(position);
  }

  /** Before the row changes: what was counted of it is taken back. */
  remove(position: number): void {
    this.bits[position >> 5]! &= ~(1 << (position & 31));
    this.count--;
    this.#positions = undefined;
    this.#usage?.count(position, -1);
    if (this.#slots?.isMadeFor(this.count)) this.#slots.leave(position);
    else this.#slots = undefined;
    const group = this.#rows.layout.sizeGroup[position]!;
    this.#trees?.byGroup[group]?.remove(position);
  }

  /** What is free of a row of the tier changes: called with -1 before, and with 1 after it. */
  countUsage(position: number, sign: 1 | -1): void {
    this.#usage?.count(position, sign);
  }

  /** Positions of its workers, ascending. O(positions) after a change. */
  get ranks(): Int32Array {
    this.#positions ??= positionsIn(this.bits, this.count);
    return this.#positions;
  }

  get slots(): SlotTable {
    if (!this.#slots) {
      this.#slots = new SlotTable(this.count, this.#rows.layout.hash);
      for (const position of this.ranks) this.#slots.join(position);
    }
    return this.#slots;
  }

  /** Begins to count what is taken; not while a batch writes to the rows, as that would count. */
  openUsage(): void {
    if (this.#usage) return;
    this.#usage = new TierUsage(this.#rows);
    for (const position of this.ranks) this.#usage.count(position, 1);
  }

  get usage(): TierUsage {
    assert(this.#usage !== undefined, 'the usage of a tier is opened before a batch is placed');
    return this.#usage;
  }

  /**
   * One tree a group of workers of about one size, with holes: which worker is the best for a
   * request depends on the load that it would have with it, so tops of different sizes are
   * compared by that.
   */
  trees(lowered: Journal): readonly (LoadTree | undefined)[] {
    if (!this.#trees) {
      this.#trees = {byGroup: [], seen: lowered.end};
      const {sizeGroup} = this.#rows.layout;
      for (const position of this.ranks) {
        this.#treeOf(sizeGroup[position]!, this.#trees).add(position);
      }
      for (const tree of this.#trees.byGroup) tree?.build();
      return this.#trees.byGroup;
    }
    this.#followJournal(this.#trees, lowered);
    return this.#trees.byGroup;
  }

  /** Up to where single refreshes cost more than building: half of the words. */
  #followJournal(trees: Trees, lowered: Journal): void {
    const missed = lowered.end - trees.seen;
    const isFarBehind = missed > Math.min(Journal.LENGTH, this.bits.length / 2);
    for (const tree of trees.byGroup) {
      if (isFarBehind) tree?.build();
      else
        for (let entry = trees.seen; entry < lowered.end; entry++) {
          tree?.refresh(lowered.at(entry));
        }
    }
    trees.seen = lowered.end;
  }

  #treeOf(group: number, {byGroup}: Trees): LoadTree {
    byGroup[group] ??= new LoadTree(this.bits.length, this.#rows);
    return byGroup[group];
  }
}

function positionsIn(bits: Int32Array, count: number): Int32Array {
  const positions = new Int32Array(count);
  let at = 0;
  for (let word = 0; word < bits.length; word++) {
    for (let left = bits[word]!; left !== 0; left &= left - 1) {
      positions[at++] = (word << 5) + 31 - Math.clz32(left & -left);
    }
  }
  return positions;
}
