const LINE_FEED = 0x0a;

/**
 * Cuts a byte stream into lines. Bytes are split before they are decoded, so that a character
 * that straddles two chunks stays whole.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** @param maxLineBytes longest line; one without an end would otherwise fill the memory */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * The lines that end in `chunk`, without their breaks; empty ones are left out.
   * @throws RangeError when a line is longer than the limit
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      this.#keep(chunk.subarray(from, at));
      const line = this.#take();
      if (line !== '') lines.push(line);
      from = at + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
    return lines;
  }

  /** What is left without a line break, when the stream is over; empty when nothing is. */
  end(): string {
    return this.#take();
  }

  #keep(part: Buffer): void {
    this.#restBytes += part.length;
    if (this.#restBytes > this.#maxLineBytes) {
      throw new RangeError(
        `a line must be at most ${this.#maxLineBytes} bytes: current value is ${this.#restBytes} or more`,
      );
    }
    if (part.length > 0) this.#rest.push(part);
  }

  #take(): string {
    const [only] = this.#rest;
    const whole = this.#rest.length > 1 ? Buffer.concat(this.#rest, this.#restBytes) : only;
    this.#rest = [];
    this.#restBytes = 0;
    const text = whole?.toString('utf8') ?? '';
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }
}
