import type {Auditor} from '../../src/audit/auditor.ts';
import {LiveAudit, type LiveAuditOptions} from '../../src/audit/liveAudit.ts';
import {sleep, systemClock} from '../../src/lib/clock.ts';

const tickMs = 1_000;

/** An auditor beside a whole run, which judges once a second what is due. */
export class TickedAudit {
  readonly #audit: LiveAudit;
  readonly #stop = new AbortController();
  #broken: unknown;

  constructor(options: Omit<LiveAuditOptions, 'clock'>) {
    this.#audit = new LiveAudit({...options, clock: systemClock});
  }

  async start(): Promise<void> {
    await this.#audit.start(this.#stop.signal);
    const broken = (error: unknown) => {
      this.#broken = error;
    };
    this.#audit.ended().catch(broken);
    this.#tick().catch(broken);
  }

  /** @throws what has ended it before its verdict */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  /** Judges everything up to now, and ends. */
  async verdict(): Promise<Auditor> {
    await this.#audit.close();
    this.#stop.abort();
    return this.#audit.auditor;
  }

  async #tick(): Promise<void> {
    const {signal} = this.#stop;
    while (!signal.aborted) {
      await sleep(systemClock, tickMs, signal);
      if (!signal.aborted) await this.#audit.tick(signal);
    }
  }
}
