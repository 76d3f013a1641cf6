export interface RevisionOrderOptions<Stream extends string, Item> {
  readonly streams: readonly Stream[];
  /** Called in the order of the revisions. */
  readonly release: (item: Item) => void;
  /** More than this held back means that a stream has stopped saying how far it is. */
  readonly maxHeld?: number;
}

interface Lane<Item> {
  /** Ascending by revision. */
  held: {readonly revision: number; readonly item: Item}[];
  /** How many of `held` are released already. */
  head: number;
  /** Everything up to and with this revision has come; -1 before anything has. */
  passed: number;
}

const defaultMaxHeld = 100_000;

/**
 * Several watches, one order. An API server counts the revisions of all kinds together, but each
 * kind arrives on a stream of its own; so what one stream brings is held until every other one has
 * passed that revision, by an event or by a bookmark:
 *
 *     requests  --3--5--------9-->  passed 9   releases 2 3 4 5 6, holds 9: the workers
 *     workers   ----2--4--6------>  passed 6   may still bring 7
 *
 * Cost: O(streams) an item.
 */
export class RevisionOrder<Stream extends string, Item> {
  readonly #lanes: ReadonlyMap<Stream, Lane<Item>>;
  readonly #release: (item: Item) => void;
  readonly #maxHeld: number;
  #heldCount = 0;
  #repeated = 0;

  constructor({streams, release, maxHeld = defaultMaxHeld}: RevisionOrderOptions<Stream, Item>) {
    this.#lanes = new Map(streams.map((stream) => [stream, {held: [], head: 0, passed: -1}]));
    this.#release = release;
    this.#maxHeld = maxHeld;
  }

  get heldCount(): number {
    return this.#heldCount;
  }

  /** What came a second time, or behind what its stream had passed; it was left out. */
  get repeated(): number {
    return this.#repeated;
  }

  passedBy(stream: Stream): number {
    return this.#lane(stream).passed;
  }

  /**
   * Takes in what `stream` brought at `revision`; each stream brings its own in ascending order.
   * @throws Error when too much is held back
   */
  push(stream: Stream, revision: number, item: Item): void {
    const lane = this.#lane(stream);
    if (revision <= lane.passed) {
      this.#repeated++;
      return;
    }
    lane.held.push({revision, item});
    this.#heldCount++;
    this.passed(stream, revision);
    if (this.#heldCount > this.#maxHeld) {
      throw new Error(
        `Cannot order the watches as at most ${this.#maxHeld} events may be held back: one of ${this.#progress()} brings neither events nor bookmarks`,
      );
    }
  }

  /** `stream` has brought everything up to and with `revision`. */
  passed(stream: Stream, revision: number): void {
    const lane = this.#lane(stream);
    lane.passed = Math.max(lane.passed, revision);
    this.#releaseUpTo(Math.min(...Array.from(this.#lanes.values(), (one) => one.passed)));
  }

  #releaseUpTo(revision: number): void {
    for (;;) {
      let first: Lane<Item> | undefined;
      let least = revision;
      for (const lane of this.#lanes.values()) {
        const next = lane.held[lane.head];
        if (next === undefined || next.revision > least) continue;
        first = lane;
        least = next.revision;
      }
      if (!first) return;
      this.#heldCount--;
      this.#release(first.held[first.head++]!.item);
      if (first.head < first.held.length && first.head < 1024) continue;
      first.held.splice(0, first.head);
      first.head = 0;
    }
  }

  #lane(stream: Stream): Lane<Item> {
    const lane = this.#lanes.get(stream);
    if (!lane) throw new Error(`Cannot order the stream ${stream}: it was not announced`);
    return lane;
  }

  #progress(): string {
    return Array.from(this.#lanes, ([stream, {passed}]) => `${stream} at ${passed}`).join(', ');
  }
}
