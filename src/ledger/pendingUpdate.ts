/**
 * What the next commit carries besides its assignments: uids whose capacity is free again, and
 * uids seen bound; and whether a settle has to come before it. Gathered between cycles, so that a
 * batch costs one ledger update, not three; and by a leader only: a replica that stands by hears of
 * as many, and has no commit that takes them.
 */
export class PendingUpdate {
  readonly #releases = new Set<string>();
  readonly #confirmed = new Set<string>();
  #isGathering = false;
  #hasAdopted = false;
  #onFirst: () => void = () => {};

  /** Called when something is gathered and nothing waited, so that an idle leader flushes it. */
  set onFirst(listener: () => void) {
    this.#onFirst = listener;
  }

  get releaseCount(): number {
    return this.#releases.size;
  }

  /** Whether a commit is wanted that assigns nothing. */
  get isWaiting(): boolean {
    return this.#hasAdopted || this.#releases.size > 0;
  }

  /**
   * Something is placed that nobody here has decided, or has given up: the ledger may hold nothing
   * for it, as one that went back in time does, and takes it in with a settle.
   */
  adopt(): void {
    if (!this.#isGathering || this.#hasAdopted) return;
    const isFirst = !this.isWaiting;
    this.#hasAdopted = true;
    if (isFirst) this.#onFirst();
  }

  /** True once for what was adopted since; `adopt` again if the settle comes to nothing. */
  takeAdopted(): boolean {
    const had = this.#hasAdopted;
    this.#hasAdopted = false;
    return had;
  }

  release(uid: string): void {
    if (!this.#isGathering) return;
    this.#confirmed.delete(uid);
    const isFirst = !this.isWaiting;
    this.#releases.add(uid);
    if (isFirst) this.#onFirst();
  }

  /** It is bound after all: a release that was gathered before would take that away. */
  confirm(uid: string): void {
    if (!this.#isGathering) return;
    this.#releases.delete(uid);
    this.#confirmed.add(uid);
  }

  /**
   * Takes at most `limit` of each; what is left goes with the next commit. The releases of what
   * that commit assigns anew are always among them: one commit later they would undo the
   * assignment.
   */
  take(
    limit: number,
    assignments: readonly {readonly uid: string}[] = [],
  ): {releases: readonly string[]; confirmed: readonly string[]} {
    const releases = assignments.map(({uid}) => uid).filter((uid) => this.#releases.delete(uid));
    releases.push(...drain(this.#releases, Math.max(0, limit - releases.length)));
    return {releases, confirmed: drain(this.#confirmed, limit)};
  }

  /** With a settle the ledger holds exactly what is true: what is gathered counts from there on. */
  begin(): void {
    this.#isGathering = true;
    this.#hasAdopted = false;
    this.#releases.clear();
    this.#confirmed.clear();
  }
}

function drain(uids: Set<string>, limit: number): string[] {
  const taken: string[] = [];
  for (const uid of uids) {
    if (taken.length >= limit) break;
    taken.push(uid);
    uids.delete(uid);
  }
  return taken;
}
