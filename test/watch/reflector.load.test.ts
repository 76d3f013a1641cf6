import {describe, expect, it} from 'vitest';
import type {ApiCall, ApiReply, Transport, WatchReply} from '../../src/kube/transport.ts';
import {systemClock} from '../../src/lib/clock.ts';
import type {ObjectSink} from '../../src/watch/reflector.ts';
import {LiveStream} from './liveStream.ts';
import {rawObject} from './script.ts';
import {makeReflector, type Seen} from './watchRig.ts';

const OBJECTS = 150_000;
const PAGE = 500;

/** Serves pages as text, so that the parsing which a real transport does is part of the measure. */
class BigListTransport implements Transport {
  readonly #pages: string[] = [];

  constructor() {
    for (let from = 0; from < OBJECTS; from += PAGE) {
      const items = Array.from({length: PAGE}, (_, at) => this.#object(from + at));
      const token = from + PAGE < OBJECTS ? String(from / PAGE + 1) : '';
      this.#pages.push(
        JSON.stringify({metadata: {resourceVersion: '1000000', continue: token}, items}),
      );
    }
  }

  async send<T>({query}: ApiCall): Promise<ApiReply<T>> {
    await nextTurn();
    return {status: 200, body: JSON.parse(this.#pages[Number(query?.['continue'] ?? 0)]!) as T};
  }

  async watch(_: ApiCall, signal: AbortSignal): Promise<WatchReply> {
    return {status: 200, lines: new LiveStream().lines(signal)};
  }

  async close(): Promise<void> {}

  #object(number: number) {
    return rawObject({name: `request-${number}`, rv: number + 1, value: 'x'.repeat(600)});
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The 99th percentile of the CPU time that this thread works between two turns of the event loop,
 * in milliseconds, while `work` is under way. CPU time and not time: what other processes take of a
 * busy machine is no work of ours.
 */
async function workOfTurns(work: Promise<unknown>): Promise<number> {
  const turnsMs: number[] = [];
  let isDone = false;
  const ended = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const before = process.threadCpuUsage();
    await nextTurn();
    const {user, system} = process.threadCpuUsage(before);
    turnsMs.push((user + system) / 1000);
  }
  await ended;
  turnsMs.sort((left, right) => left - right);
  return turnsMs[Math.floor(turnsMs.length * 0.99)]!;
}

/** Only counts, so that what is measured is the reflector and not its sink. */
class CountingSink implements ObjectSink<Seen> {
  size = 0;
  replace(all: readonly Seen[]): void {
    this.size = all.length;
  }
  upsert(): void {}
  remove(): void {}
}

describe('150,000 objects', () => {
  it('are listed and audited without holding up the event loop', async () => {
    const transport = new BigListTransport();
    const sink = new CountingSink();
    const {reflector} = makeReflector({transport, clock: systemClock, sink});
    const abort = new AbortController();
    const ended = reflector.run(abort.signal);
    const listingMs = await workOfTurns(reflector.synced(abort.signal));
    const audit = reflector.audit(abort.signal);
    const auditingMs = await workOfTurns(audit);
    expect(await audit).toMatchObject({objects: OBJECTS, missed: 0});
    abort.abort();
    await ended;

    expect(sink.size).toBe(OBJECTS);
    expect(listingMs).toBeLessThan(30);
    expect(auditingMs).toBeLessThan(30);
  }, 60_000);
});
