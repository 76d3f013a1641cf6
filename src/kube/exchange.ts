import type {Dispatcher} from 'undici';
import type {Clock} from '../lib/clock.ts';
import {TransportError} from './transport.ts';

/** What an `Exchange` tells the one who started it. Nothing follows `onEnd` or `onError`. */
export interface ReplySink {
  onHead(status: number, headers: Record<string, string | string[] | undefined>): void;
  onChunk(chunk: Buffer): void;
  onEnd(): void;
  onError(error: TransportError): void;
}

export interface ExchangeLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** See `ApiCall`. */
  readonly isWanted?: (() => boolean) | undefined;
}

/**
 * One HTTP request and its reply, on undici's dispatch level. The convenience calls above it do not
 * tell a request that waited for a connection from one that was written, and an abort of a waiting
 * one is not heard before its turn comes; both decide whether a write may have happened.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #label: string;
  readonly #sink: ReplySink;
  readonly #limits: ExchangeLimits;
  #cancelTimer: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #started = false;

  /** @param label what is asked, for messages, for example `GET /version` */
  constructor(label: string, sink: ReplySink, limits: ExchangeLimits) {
    this.#label = label;
    this.#sink = sink;
    this.#limits = limits;
  }

  start(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions): void {
    const {clock, timeoutMs, signal} = this.#limits;
    if (signal?.aborted) {
      this.#givenUp();
      return;
    }
    signal?.addEventListener('abort', this.#givenUp, {once: true});
    this.#cancelTimer = clock.setTimer(timeoutMs, () =>
      this.abort(`no whole reply within ${timeoutMs} ms`),
    );
    try {
      dispatcher.dispatch(options, this);
    } catch (cause) {
      this.#fail(textOf(cause), cause);
    }
  }

  /** Ends it with `onError`, at once, wherever it is; harmless when it is over. */
  abort(why: string, cause?: unknown): void {
    if (this.#over) return;
    this.#fail(why, cause);
    this.#controller?.abort(new Error(why));
  }

  /** Takes the deadline off: what follows may last. */
  untimed(): void {
    this.#cancelTimer?.();
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, not aborted: an abort would close the healthy connection that was about to be used.
    if (this.#over) throw new Error('given up before a connection was free');
    if (this.#limits.isWanted?.() === false) throw new Error('not wanted any more');
    this.#controller = controller;
    this.#started = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (!this.#over && status >= 200) this.#sink.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#sink.onChunk(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(textOf(error), error);
  }

  readonly #givenUp = () => {
    this.abort('given up by the caller', this.#limits.signal?.reason);
  };

  #finish(): void {
    this.#over = true;
    this.#cancelTimer?.();
    this.#limits.signal?.removeEventListener('abort', this.#givenUp);
  }

  #fail(why: string, cause: unknown): void {
    if (this.#over) return;
    this.#finish();
    const neverSent = !this.#started;
    this.#sink.onError(new TransportError(`Cannot ${this.#label}: ${why}`, {cause, neverSent}));
  }
}

/** The sentence of an error; Node's AggregateError (every address refused) has none of its own. */
export function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(textOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
