import {TransportError} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';

/** What goes wrong in one stream of lines, once `afterLines` of them came through unharmed. */
export interface LineFault {
  readonly kind: 'lines';
  readonly afterLines: number;
  readonly what: /** The connection breaks: `TransportError`. */
    | 'break'
    /** The server ends the stream in good order. */
    | 'end'
    /** The next line comes by half, and then the stream ends. */
    | 'half'
    /** The next line comes as something that is no JSON. */
    | 'garble'
    /** The next line never comes; those after it do. */
    | 'drop'
    /** The next line comes twice. */
    | 'double'
    /** The next two lines come in the other order. */
    | 'swap'
    /** Nothing comes any more, and the stream stays open. */
    | 'silence';
}

export interface FaultyLinesOptions {
  /** What is watched, for messages. */
  readonly label: string;
  readonly source: AsyncIterable<string>;
  /** The reader's. */
  readonly signal: AbortSignal;
  readonly fault: LineFault | undefined;
  /** Called when the stream is over, more than once at times. */
  readonly onEnd: () => void;
}

/** The lines of a watch, with a fault in them where one is staged, that can be cut or silenced. */
export class FaultyLines implements AsyncIterable<string> {
  readonly #options: FaultyLinesOptions;
  /** Wakes the reader that waits for its next line. */
  #wake = () => {};
  #isStopped = false;
  #isCut = false;
  #isSilent = false;

  constructor(options: FaultyLinesOptions) {
    this.#options = options;
    const {signal} = options;
    if (signal.aborted) this.#isStopped = true;
    else signal.addEventListener('abort', this.#onAbort, {once: true});
  }

  /** Breaks the connection now. */
  cut(): void {
    this.#isCut = true;
    this.#stop();
    // Here too, as a reader may never have begun.
    this.#options.onEnd();
  }

  /** No line comes out any more. */
  silence(): void {
    this.#isSilent = true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void> {
    const source = this.#options.source[Symbol.asyncIterator]();
    let count = 0;
    try {
      while (true) {
        const line = await this.#next(source);
        if (line === undefined) return;
        const {fault} = this.#options;
        if (!fault || count++ !== fault.afterLines) {
          yield line;
          continue;
        }
        const outcome = await this.#apply(fault, line, source);
        yield* outcome.lines;
        if (outcome.isLast) return;
      }
    } finally {
      this.#options.signal.removeEventListener('abort', this.#onAbort);
      this.#options.onEnd();
      // Not awaited: a source that waits for its next line returns only after it.
      void Promise.resolve(source.return?.()).catch(() => {});
    }
  }

  /** The next line; undefined at the end. Waits through silence. */
  async #next(source: AsyncIterator<string>): Promise<string | undefined> {
    while (true) {
      if (this.#isCut) throw this.#broken();
      const next = await this.#unlessStopped(source.next());
      if (this.#isCut) throw this.#broken();
      if (next === 'stop') return undefined;
      if (this.#isSilent) {
        if (next.done) await this.#unlessStopped(new Promise(() => {}));
        continue;
      }
      return next.done ? undefined : next.value;
    }
  }

  /** A race, but with a promise for the whole stream every line would leave something on it. */
  #unlessStopped<Next>(next: Promise<Next>): Promise<Next | 'stop'> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve('stop');
      if (this.#isStopped) resolve('stop');
      next.then(resolve, reject);
    });
  }

  async #apply(
    {what}: LineFault,
    line: string,
    source: AsyncIterator<string>,
  ): Promise<{lines: string[]; isLast: boolean}> {
    const goOn = (...lines: string[]) => ({lines, isLast: false});
    switch (what) {
      case 'break':
        throw this.#broken();
      case 'end':
        return {lines: [], isLast: true};
      case 'half':
        return {lines: [line.slice(0, line.length >> 1)], isLast: true};
      case 'garble':
        return goOn(`${line.slice(0, line.length >> 1)}\u0000garbled`);
      case 'drop':
        return goOn();
      case 'double':
        return goOn(line, line);
      case 'swap': {
        const next = await this.#next(source);
        return next === undefined ? {lines: [line], isLast: true} : goOn(next, line);
      }
      case 'silence':
        this.silence();
        return goOn();
      default:
        return assertNever(what);
    }
  }

  #broken(): TransportError {
    return new TransportError(`Cannot ${this.#options.label}: connection reset`);
  }

  #stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  readonly #onAbort = () => this.#stop();
}
