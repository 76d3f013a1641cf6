/**
 * What the next commit carries besides its assignments: uids whose capacity is free again, and
 * uids seen bound. Gathered between cycles, so that a batch costs one ledger update, not three; and
 * by a leader only: a replica that stands by hears of as many, and has no commit that takes them.
 */
export class PendingUpdate {
  readonly #releases = new Set<string>();
  readonly #confirmed = new Set<string>();
  #isGathering = false;
  #onFirstRelease: () => void = () => {};

  /** Called when a release is gathered and none was waiting, so that an idle leader flushes it. */
  set onFirstRelease(listener: () => void) {
    this.#onFirstRelease = listener;
  }

  get releaseCount(): number {
    return this.#releases.size;
  }

  release(uid: string): void {
    if (!this.#isGathering) return;
    this.#confirmed.delete(uid);
    const isFirst = this.#releases.size === 0;
    this.#releases.add(uid);
    if (isFirst) this.#onFirstRelease();
  }

  confirm(uid: string): void {
    if (this.#isGathering && !this.#releases.has(uid)) this.#confirmed.add(uid);
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
