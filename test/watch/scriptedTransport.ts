import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
  type WatchReply,
} from '../../src/kube/transport.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {LiveStream} from './liveStream.ts';

/** What one call is answered with, in the order of the script. */
export type Answer =
  | {readonly kind: 'reply'; readonly reply: ApiReply; readonly after?: Promise<void>}
  | {readonly kind: 'stream'; readonly stream: LiveStream}
  | {readonly kind: 'reset'}
  /** No answer until the caller gives up. */
  | {readonly kind: 'hang'};

export interface RecordedCall {
  readonly kind: 'send' | 'watch';
  readonly atMs: number;
  readonly path: string;
  /** Without what is undefined. */
  readonly query: Readonly<Record<string, string | number | boolean>>;
}

/** Answers calls from a script and records them; once the script is over, calls hang. */
export class ScriptedTransport implements Transport {
  readonly calls: RecordedCall[] = [];
  readonly #clock: Clock;
  readonly #script: Answer[];

  constructor(clock: Clock, script: readonly Answer[] = []) {
    this.#clock = clock;
    this.#script = [...script];
  }

  add(...answers: readonly Answer[]): void {
    this.#script.push(...answers);
  }

  async send<T>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>> {
    const answer = await this.#next('send', call, signal);
    if (answer.kind !== 'reply') throw new Error(`the script has a ${answer.kind} for a send`);
    return answer.reply as ApiReply<T>;
  }

  async watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    const answer = await this.#next('watch', call, signal);
    if (answer.kind === 'stream') return {status: 200, lines: answer.stream.lines(signal)};
    if (answer.kind !== 'reply') throw new Error(`the script has a ${answer.kind} for a watch`);
    const {status, body, retryAfterMs} = answer.reply;
    const lines = new LiveStream().end().lines(signal);
    return {status, error: body, lines, ...(retryAfterMs !== undefined && {retryAfterMs})};
  }

  async close(): Promise<void> {}

  async #next(kind: RecordedCall['kind'], call: ApiCall, signal?: AbortSignal): Promise<Answer> {
    const query = Object.fromEntries(
      Object.entries(call.query ?? {}).filter((entry) => entry[1] !== undefined),
    ) as RecordedCall['query'];
    this.calls.push({kind, atMs: this.#clock.monotonicMs(), path: call.path, query});
    // A list and a watch may come at the same moment: each takes what was meant for it.
    const at = this.#script.findIndex((answer) => isFor(kind, answer));
    const [answer = {kind: 'hang'} as const] = at < 0 ? [] : this.#script.splice(at, 1);
    if (answer.kind === 'reply') await answer.after;
    if (answer.kind === 'reset') throw new TransportError(`Cannot ${call.method}: reset`);
    if (answer.kind === 'hang') {
      await new Promise<void>((resolve) => {
        signal?.addEventListener('abort', () => resolve(), {once: true});
      });
      throw new TransportError(`Cannot ${call.method}: the caller gave up`);
    }
    return answer;
  }
}

function isFor(kind: RecordedCall['kind'], answer: Answer): boolean {
  if (answer.kind === 'stream') return kind === 'watch';
  return answer.kind !== 'reply' || answer.reply.status >= 400 || kind === 'send';
}
