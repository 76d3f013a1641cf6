import {containerRequests, pathOf} from '../../kube/resource.ts';
import type {Transport} from '../../kube/transport.ts';
import {systemClock} from '../../lib/clock.ts';
import type {Interval} from './timeline.ts';

/** Notes from when to when each status write of a request in `namespace` is under way. */
export class WriteTimes {
  readonly intervals: Interval[] = [];
  readonly #path: string;

  constructor(namespace: string) {
    this.#path = `${pathOf(containerRequests, {namespace})}/`;
  }

  around(transport: Transport): Transport {
    return {
      send: async (call, signal) => {
        const isWrite = call.method === 'PATCH' && call.path.startsWith(this.#path);
        if (!isWrite) return transport.send(call, signal);
        const fromMs = systemClock.monotonicMs();
        try {
          return await transport.send(call, signal);
        } finally {
          this.intervals.push({fromMs, toMs: systemClock.monotonicMs()});
        }
      },
      watch: (call, signal) => transport.watch(call, signal),
      close: () => transport.close(),
    };
  }
}
