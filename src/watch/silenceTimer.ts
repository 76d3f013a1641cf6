import type {Clock} from '../lib/clock.ts';

/**
 * Fires once after `silenceMs` without `heard()`. One timer that looks at the time of the last
 * sound when it fires: setting a new one for each of 23,000 events a second would cost more.
 */
export class SilenceTimer {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #onSilence: () => void;
  #heardMs: number;
  #cancel: () => void = () => {};

  constructor(options: {clock: Clock; silenceMs: number; onSilence: () => void}) {
    this.#clock = options.clock;
    this.#silenceMs = options.silenceMs;
    this.#onSilence = options.onSilence;
    this.#heardMs = this.#clock.monotonicMs();
  }

  start(): void {
    this.heard();
    this.#arm(this.#silenceMs);
  }

  heard(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#clock.setTimer(delayMs, () => {
      const leftMs = this.#heardMs + this.#silenceMs - this.#clock.monotonicMs();
      if (leftMs > 0) this.#arm(leftMs);
      else this.#onSilence();
    });
  }
}
