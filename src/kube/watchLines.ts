import {LineSplitter} from './lineSplitter.ts';
import type {TransportError} from './transport.ts';

/** The flow of bytes behind the lines. */
export interface LineSource {
  pause(): void;
  resume(): void;
  /** Called once when the reader leaves before the end. */
  cancel(): void;
}

const PAUSE_ABOVE_LINES = 1_024;

/**
 * The lines of one watch, between the connection that pushes and the one reader that pulls. A slow
 * reader pauses the connection, so that its backlog stays in the API server, where it is bounded.
 */
export class WatchLines implements AsyncIterable<string> {
  readonly #source: LineSource;
  readonly #splitter: LineSplitter;
  #waiting: string[] = [];
  #paused = false;
  #over = false;
  #error: TransportError | undefined;
  #wake: (() => void) | undefined;

  constructor(source: LineSource, maxLineBytes: number) {
    this.#source = source;
    this.#splitter = new LineSplitter(maxLineBytes);
  }

  /** @throws RangeError when a line is longer than the limit */
  push(chunk: Buffer): void {
    for (const line of this.#splitter.push(chunk)) this.#waiting.push(line);
    if (this.#waiting.length > PAUSE_ABOVE_LINES && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake?.();
  }

  /** The stream is over: as the server wished when `error` is absent. */
  end(error?: TransportError): void {
    if (this.#over) return;
    const rest = error ? '' : this.#splitter.end();
    if (rest !== '') this.#waiting.push(rest);
    this.#over = true;
    this.#error = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void> {
    try {
      while (true) {
        const lines = this.#waiting;
        this.#waiting = [];
        yield* lines;
        if (this.#waiting.length > 0) continue;
        if (this.#over) break;
        await this.#more();
      }
      if (this.#error) throw this.#error;
    } finally {
      if (!this.#over) this.#source.cancel();
    }
  }

  #more(): Promise<void> {
    if (this.#paused) {
      this.#paused = false;
      this.#source.resume();
    }
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
      if (this.#waiting.length > 0 || this.#over) this.#wake();
    });
  }
}
