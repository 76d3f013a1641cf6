import {describe, expect, it} from 'vitest';
import {diagnosis} from '../../../src/cli/perf/diagnosis.ts';
import {oldVariant} from '../../../src/cli/perf/variant.ts';
import {memoryLocks} from '../../../src/cli/perf/workerLocks.ts';
import {sendOrThrow, type Transport} from '../../../src/kube/transport.ts';
import {hashString} from '../../../src/lib/hash.ts';
import {place} from '../../../src/placement/place.ts';
import {delayed, isLedgerWrite, isPlacement, type Provocation, provoke} from './provoked.ts';

/** The real operator on the embedded API server, with one thing wrong. */
const rows: readonly [what: string, Provocation, cause: string, evidence: RegExp, RegExp][] = [
  [
    'batches of one',
    {variant: () => ({maxBatch: 1})},
    'batching off',
    /^100 batches, 100 of them of 1, while up to \d+ more requests waited$/,
    /^batch\.maxRequests \(512/,
  ],
  [
    'creates that come slower than a batch waits',
    {requests: 12, workers: 6, everybody: oneByOne()},
    'requests that come slower than a batch waits',
    /^12 batches, as creates came every \d+\.\d ms$/,
    /^batch\.idleMs and batch\.maxMs \(5 and 25 ms/,
  ],
  [
    'another writer of the ledger',
    {operator: withAnotherWriter},
    'more commits than batches',
    /^\d commits for \d batches, of which the operator knows \d: the others are repeats/,
    /^ledger\.name, and kubernetes\.requestTimeoutMs$/,
  ],
  [
    'workers that are read before each decision',
    {
      variant: (transport) => {
        const {beforeSnapshot} = oldVariant(transport, memoryLocks()).parts;
        return {parts: {beforeSnapshot: beforeSnapshot!}};
      },
    },
    'cache misses',
    /^\d reads of worker state waited for the API server, 0 decisions rested on memory: 0\.0 % hits, \d+ invalidations, \d lists of Workers counted$/,
    /^watch\.silenceMs/,
  ],
  [
    'one affinity key for all, and the load bound of a pool without an object',
    {variant: () => ({parts: {place: (batch, snapshot) => place(batch.map(withKey), snapshot)}})},
    'load bound',
    /^\d to \d+ requests a worker, the most loaded \d\.\d\d times the mean; affinity .*\d+ Near/,
    /^spec\.loadBound of the WorkerPool/,
  ],
  [
    'a loop that stands still',
    {
      targetMs: 800,
      isReal: true,
      operator: blocking(1000),
    },
    'event-loop stall',
    /^the event loop was late by up to 1\d\d\d\.\d ms \(p99 .* ms\) in a total of \d+\.\d ms$/,
    /processor.*batch\.maxRequests and watch\.pageSize/,
  ],
  [
    'a server that is slow for everybody',
    {targetMs: 200, everybody: delayed(100, ({method}, isWatch) => !isWatch && method !== 'GET')},
    'slow API server',
    /^total \d+\.\d ms, and \d+\.\d ms for the same 100 creates .*: [01]\.\d\d times the floor$/,
    /^none of Berth/,
  ],
  [
    'a ledger that is slow',
    {targetMs: 800, operator: delayed(1000, isLedgerWrite)},
    'slow ledger',
    /^\d+\.\d ms of \d+\.\d ms \(\d+\.\d %\), 1\d\d\d\.\d ms for each commit; the total is \d+\.\d\d times/,
    /^ledger\.kind/,
  ],
  [
    'a batch that waits for more for long',
    {targetMs: 800, config: {batch: {idleMs: 1000, maxMs: 2000}}},
    'slow phase "waiting for a batch"',
    /^\d+\.\d ms of \d+\.\d ms \(\d\d\.\d %\); the total is \d+\.\d\d times the floor$/,
    /^batch\.idleMs and batch\.maxMs/,
  ],
  [
    'writes that wait for one connection',
    {
      targetMs: 800,
      config: {status: {connections: 1}},
      operator: delayed(10, isPlacement),
    },
    'slow phase "status writes under way"',
    /^\d+\.\d ms of \d+\.\d ms \(\d\d\.\d %\); the total is \d+\.\d\d times the floor$/,
    /^status\.connections \(32/,
  ],
  [
    'workers that are too small',
    {requests: 81, workers: 2},
    'requests that fit nowhere',
    /^1 of 81 requests on 2 workers wait; ours-\d\d: Unplaceable: 0\/2 workers fit: 2 insufficient cpu/,
    /^--workers, or spec\.capacity/,
  ],
];

describe('a measurement of', () => {
  it.each(rows)('%s names that cause, and no other', async (_, provocation, ...wanted) => {
    const figures = await provoke(provocation);
    const [name, evidence, change] = wanted;
    const found = diagnosis(figures);
    expect(found.map((one) => one.name)).toEqual([name]);
    expect(found[0]!.evidence).toMatch(evidence);
    expect(found[0]!.change).toMatch(change);
  });
});

function withKey<T extends {affinityKey: string; affinityHash: number; affinityExplicit: boolean}>(
  request: T,
): T {
  return {
    ...request,
    ...{affinityKey: 'model', affinityHash: hashString('model') | 0, affinityExplicit: true},
  };
}

/** A create of the burst waits until the one before is placed. */
function oneByOne(): (transport: Transport) => Transport {
  const placed = new Map<string, () => void>();
  let before = Promise.resolve();
  return (transport) => ({
    ...{watch: (call, signal) => transport.watch(call, signal), close: () => transport.close()},
    async send(call, signal) {
      const name = (call.body as {metadata?: {name?: string}} | undefined)?.metadata?.name ?? '';
      if (call.path.endsWith('/containerrequests') && name.startsWith('ours-')) {
        const turn = before;
        before = new Promise((resolve) => placed.set(name, resolve));
        await turn;
      }
      try {
        return await transport.send(call, signal);
      } finally {
        if (isPlacement(call)) placed.get(call.path.split('/').at(-2)!)?.();
      }
    },
  });
}

/** Changes the Ledger object just before each commit, which then finds another revision. */
function withAnotherWriter(transport: Transport): Transport {
  return {
    ...{watch: (call, signal) => transport.watch(call, signal), close: () => transport.close()},
    async send(call, signal) {
      if (isLedgerWrite(call) && changes++ % 2 === 0) {
        await sendOrThrow(transport, {
          method: 'PATCH',
          path: call.path.replace(/\/status$/, ''),
          contentType: 'application/merge-patch+json',
          body: {metadata: {annotations: {changes: String(changes)}}},
        });
      }
      return transport.send(call, signal);
    },
  };
}
let changes = 0;

/** Blocks the whole process once, at the first placement of the burst. */
function blocking(blockedMs: number): (transport: Transport) => Transport {
  let isLeft = true;
  return (transport) => ({
    ...{watch: (call, signal) => transport.watch(call, signal), close: () => transport.close()},
    send: (call, signal) => {
      if (isLeft && isPlacement(call) && call.path.includes('/ours-')) {
        isLeft = false;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
      }
      return transport.send(call, signal);
    },
  });
}
