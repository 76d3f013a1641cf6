import type {Clock} from '../lib/clock.ts';
import type {CredentialSource, Credentials} from './credentials.ts';

/** client-go rereads a token file every minute; the kubelet rotates it hours before its end. */
const REREAD_AFTER_MS = 60_000;
/** A server that refuses everything must not make every call read files or start plugins. */
const REFUSAL_PAUSE_MS = 1_000;

/** Keeps credentials for a minute; one read at a time, whoever asks. */
export class CredentialCache {
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  #current: Credentials | undefined;
  #readAtMs = 0;
  #refused = false;
  #reading: Promise<Credentials> | undefined;

  constructor(source: CredentialSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * What to sign with, without waiting while what is known is fresh.
   * @throws whatever the source throws when nothing is known yet
   */
  get(): Credentials | Promise<Credentials> {
    const ageMs = this.#clock.monotonicMs() - this.#readAtMs;
    const wanted = this.#refused ? REFUSAL_PAUSE_MS : REREAD_AFTER_MS;
    if (this.#current && ageMs < wanted) return this.#current;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** The server answered 401: the next call reads again. */
  refused(): void {
    this.#refused = true;
  }

  async #read(): Promise<Credentials> {
    try {
      this.#current = await this.#source(this.#refused);
      this.#refused = false;
    } catch (error) {
      // A file that is being replaced is back in a moment; the old token may well still do.
      if (!this.#current) throw error;
    }
    this.#readAtMs = this.#clock.monotonicMs();
    return this.#current;
  }
}
