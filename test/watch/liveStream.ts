import {TransportError} from '../../src/kube/transport.ts';

/** The server's end of one watch connection. */
export class LiveStream {
  readonly #waiting: string[] = [];
  #end: 'open' | 'ended' | Error = 'open';
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

  break(error: Error = new TransportError('Cannot go on: connection reset')): this {
    this.#end = error;
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
        if (this.#end instanceof Error) throw this.#end;
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
