import {TransportError} from '../../src/kube/transport.ts';

/** The server's end of one watch connection. */
export class LiveStream {
  readonly #waiting: string[] = [];
  #end: 'open' | 'ended' | 'broken' = 'open';
  #wake = () => {};
  #isClosed = false;

  /** Whether the reader has left, or was told that it is over. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  push(...lines: readonly string[]): this {
    this.#waiting.push(...lines);
    this.#wake();
    return this;
  }

  end(): this {
    this.#end = 'ended';
    this.#wake();
    return this;
  }

  break(): this {
    this.#end = 'broken';
    this.#wake();
    return this;
  }

  async *lines(signal: AbortSignal): AsyncGenerator<string, void> {
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        while (this.#waiting.length > 0 && !signal.aborted) yield this.#waiting.shift()!;
        if (signal.aborted || this.#end === 'ended') return;
        if (this.#end === 'broken') throw new TransportError('Cannot go on: connection reset');
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#isClosed = true;
      signal.removeEventListener('abort', onAbort);
    }
  }
}
