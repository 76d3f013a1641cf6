import type {RequestKey} from '../api/records.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {Gate} from '../lib/gate.ts';
import type {PendingIntent} from './intent.ts';

export interface ReporterOptions {
  readonly writer: {
    room(signal: AbortSignal, kind: 'pending'): Promise<void>;
    write(intent: PendingIntent): void;
  };
  /** Waiting requests whose verdict nobody has written yet, at most `max` a call. */
  readonly takeUnreported: (max: number) => readonly PendingIntent[];
  /** Told of each reason on its way to the object, for the Event beside it. */
  readonly onReport: (intent: PendingIntent) => void;
  readonly pageSize: number;
  readonly clock: Clock;
  /** After this a reason that was refused is written again. */
  readonly retryMs: number;
}

/**
 * Brings reasons of waiting requests to their objects, at the writer's pace: the latest reason of a
 * request wins, and 100,000 waiting ones are a page at a time. It gathers from the start and writes
 * only while `run` does, so that a standby replica knows what to say the moment it leads.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #latest = new Map<RequestKey, PendingIntent>();
  readonly #refused = new Map<RequestKey, PendingIntent>();
  readonly #gate = new Gate();
  readonly #refusals = new Gate();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  report(intent: PendingIntent): void {
    this.#refused.delete(intent.record.key);
    this.#latest.set(intent.record.key, intent);
    this.#gate.open();
  }

  /**
   * The server did not take it. An admission rule or a role that is mended later tells nobody, and
   * what waits must say why: it is written again, unless it has a newer reason by then.
   */
  refused(intent: PendingIntent): void {
    const {key} = intent.record;
    if (this.#latest.has(key)) return;
    this.#refused.set(key, intent);
    this.#refusals.open();
  }

  /**
   * The request is gone. A replica that stands by for months must not keep what it never writes.
   */
  forget(key: RequestKey): void {
    this.#latest.delete(key);
    this.#refused.delete(key);
  }

  /** Something new may be unreported in the queue. */
  poke(): void {
    this.#gate.open();
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#write(signal), this.#retry(signal)]);
  }

  async #retry(signal: AbortSignal): Promise<void> {
    const {clock, retryMs} = this.#options;
    while (!signal.aborted) {
      if (this.#refused.size === 0) await this.#refusals.wait(signal);
      await sleep(clock, retryMs, signal);
      if (signal.aborted) return;
      const again = [...this.#refused.values()];
      for (const intent of again) this.report(intent);
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const {writer, onReport, pageSize} = this.#options;
    while (!signal.aborted) {
      const page = this.#takePage(pageSize);
      if (page.length === 0) {
        await this.#gate.wait(signal);
        continue;
      }
      for (const intent of page) {
        await writer.room(signal, 'pending');
        if (signal.aborted) return;
        this.#refused.delete(intent.record.key);
        writer.write(intent);
        onReport(intent);
      }
    }
  }

  #takePage(max: number): readonly PendingIntent[] {
    if (this.#latest.size === 0) return this.#options.takeUnreported(max);
    const page: PendingIntent[] = [];
    for (const [key, intent] of this.#latest) {
      if (page.length === max) break;
      this.#latest.delete(key);
      page.push(intent);
    }
    return page;
  }
}
