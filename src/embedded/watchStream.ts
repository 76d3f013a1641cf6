import type {TransportError} from '../kube/transport.ts';

/** The lines of one watch, between the server that pushes and its one reader. */
export class WatchStream implements AsyncIterable<string> {
  readonly #maxLines: number;
  readonly #onEnd: () => void;
  #lines: string[] = [];
  #isOver = false;
  #error: TransportError | undefined;
  #wake: (() => void) | undefined;

  /** @param onEnd called once, whoever ends it */
  constructor(maxLines: number, onEnd: () => void) {
    this.#maxLines = maxLines;
    this.#onEnd = onEnd;
  }

  push(line: string): void {
    if (this.#isOver) return;
    // The real server too drops a watcher that does not keep up; it comes back by its revision.
    if (this.#lines.length >= this.#maxLines) {
      this.end();
      return;
    }
    this.#lines.push(line);
    this.#wake?.();
  }

  /** Ends it after the lines that wait; with an error at once. */
  end(error?: TransportError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    if (error) this.#lines = [];
    this.#onEnd();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void> {
    try {
      while (true) {
        const lines = this.#lines;
        this.#lines = [];
        // Not `yield*`, which would wait three times as often for each of them.
        for (const line of lines) yield line;
        if (this.#lines.length > 0) continue;
        if (this.#isOver) break;
        await this.#more();
      }
      if (this.#error) throw this.#error;
    } finally {
      this.end();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
