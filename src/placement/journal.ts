/**
 * Positions that changed, for readers that follow at their own pace.
 *
 *     noted:  ... 17 4 | 9 17 31 |            `end` = how many there ever were
 *                      ^ a reader's mark: it has seen all before
 *
 * A ring: what is older than `LENGTH` entries is overwritten, and a reader that fell behind so far
 * looks at everything anew, which costs it less than so many single changes.
 */
export class Journal {
  static readonly LENGTH = 4096;
  readonly #positions = new Int32Array(Journal.LENGTH);
  end = 0;

  note(position: number): void {
    this.#positions[this.end++ % Journal.LENGTH] = position;
  }

  /** The entry of that number; only while fewer than `LENGTH` came after it. */
  at(entry: number): number {
    return this.#positions[entry % Journal.LENGTH]!;
  }
}
