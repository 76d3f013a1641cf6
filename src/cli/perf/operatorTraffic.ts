import {containerRequests, pathOf} from '../../kube/resource.ts';
import type {Transport} from '../../kube/transport.ts';
import type {Clock} from '../../lib/clock.ts';
import type {Interval} from './timeline.ts';

/** What an operator and the API server tell each other about requests, and when. */
export class OperatorTraffic {
  /** Sent -> answered, of each status write of a request in the namespace. */
  readonly writes: Interval[] = [];
  /** When each new request came in by the watch. */
  readonly arrivalsMs: number[] = [];
  readonly #written: string;

  readonly #clock: Clock;

  constructor(namespace: string, clock: Clock) {
    this.#clock = clock;
    this.#written = `${pathOf(containerRequests, {namespace})}/`;
  }

  around(transport: Transport): Transport {
    return {
      send: async (call, signal) => {
        const isWrite = call.method !== 'GET' && call.path.startsWith(this.#written);
        if (!isWrite) return transport.send(call, signal);
        const fromMs = this.#clock.monotonicMs();
        try {
          return await transport.send(call, signal);
        } finally {
          this.writes.push({fromMs, toMs: this.#clock.monotonicMs()});
        }
      },
      watch: async (call, signal) => {
        const reply = await transport.watch(call, signal);
        if (call.path !== pathOf(containerRequests)) return reply;
        return {...reply, lines: this.#noteArrivals(reply.lines)};
      },
      close: () => transport.close(),
    };
  }

  async *#noteArrivals(lines: AsyncIterable<string>): AsyncIterable<string> {
    for await (const line of lines) {
      // Not parsed: that is the operator's work, and done once.
      if (line.startsWith('{"type":"ADDED"')) this.arrivalsMs.push(this.#clock.monotonicMs());
      yield line;
    }
  }
}
