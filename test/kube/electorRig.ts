import {LeaderElector} from '../../src/kube/leaderElector.ts';
import type {Transport} from '../../src/kube/transport.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {silentLog} from '../../src/lib/log.ts';
import {seededRandom} from '../../src/lib/random.ts';

export interface Candidate {
  readonly elector: LeaderElector;
  /** `elected 1`, `ended`, `lost: why`, in order, with the virtual time in milliseconds. */
  readonly story: readonly string[];
  readonly epochs: readonly number[];
  readonly done: Promise<void>;
  stop(): void;
}

/** @param work what the leader does; default: waits for the end of its leadership */
export function start(
  clock: Clock,
  transport: Transport,
  identity: string,
  work: (
    epoch: number,
    signal: AbortSignal,
    elector: LeaderElector,
  ) => Promise<void> = untilAborted,
): Candidate {
  const elector = new LeaderElector({
    transport,
    clock,
    random: seededRandom(identity.length),
    log: silentLog,
    namespace: 'berth-system',
    name: 'berth',
    identity,
  });
  const stop = new AbortController();
  const story: string[] = [];
  const epochs: number[] = [];
  const tell = (what: string) => story.push(`${clock.monotonicMs()} ${what}`);
  const done = elector.run(stop.signal, {
    async onElected(epoch, signal) {
      epochs.push(epoch);
      tell(`elected ${epoch}`);
      await work(epoch, signal, elector);
      tell('ended');
    },
    onLost: (reason) => tell(`lost: ${reason}`),
  });
  return {elector, story, epochs, done, stop: () => stop.abort()};
}

export function untilAborted(_epoch: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), {once: true});
  });
}

export const held = (holderIdentity: string, leaseTransitions = 7) => ({
  holderIdentity,
  leaseTransitions,
  leaseDurationSeconds: 15,
  renewTime: '2026-01-01T00:00:00.000000Z',
});
