import {getHeapStatistics} from 'node:v8';
import {allocationOf} from '../../src/api/allocation.ts';
import {parseRequest} from '../../src/api/parseRequest.ts';
import {parseWorker} from '../../src/api/parseWorker.ts';
import type {RawObject} from '../../src/api/rawObject.ts';
import type {RequestRecord} from '../../src/api/records.ts';
import {median} from '../../src/cli/burst/statistics.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {place} from '../../src/placement/place.ts';
import {createWorkerTable} from '../../src/placement/workerTable.ts';
import {writeFor} from '../../src/status/attempt.ts';
import {withoutManagedFields} from '../../src/watch/identity.ts';
import {WorkerCache} from '../../src/watch/workerCache.ts';
import {makeRequestObject, makeWorkerObject} from '../api/makeObjects.ts';
import {digits, measure, printTable} from '../placement/bench/measure.ts';
import {createQueue} from '../queue/rig.ts';
import {makeRequest} from '../status/makeRecords.ts';

/**
 * What the stages around placement cost a request: nanoseconds, and bytes on the heap. Each row is
 * one stage by itself; `make bench` prints it beside the whole, measured from outside.
 *
 * Usage: node test/perf/bench.ts
 */
const OPERATIONS = 1_000;

interface Stage {
  readonly name: string;
  /** Does `OPERATIONS` of it. */
  readonly run: () => unknown;
  readonly before?: () => void;
}

const names = Array.from({length: OPERATIONS}, (_, index) => `r-${index}`);
const managedFields = Array.from({length: 2}, () => ({manager: 'm', fieldsV1: {'f:spec': {}}}));
const lineOf = (object: object) => JSON.stringify({type: 'ADDED', object});
const requestLines = names.map((name) =>
  lineOf(makeRequestObject({}, undefined, {name, uid: `uid-${name}`, managedFields})),
);
const workerLines = names.map((name) =>
  lineOf(makeWorkerObject({}, undefined, {name, uid: `uid-${name}`, managedFields})),
);
const records = names.map((name) => makeRequest({name}));
const assignment = {id: '1.17.12', epoch: 1, cycle: 17, gpuDevices: [], affinity: 'None' as const};

function decoded<T>(lines: readonly string[], decode: (object: unknown) => T): T[] {
  return lines.map((line) => {
    const {object} = JSON.parse(line) as {object: RawObject};
    return decode(withoutManagedFields(object));
  });
}

function placementBody(record: RequestRecord): string {
  const intent = {kind: 'bind', record, workerName: 'worker-17', assignment} as const;
  return JSON.stringify(writeFor(intent, record, 1_700_000_000_000)?.body);
}

function stages(): readonly Stage[] {
  let {queue} = createQueue();
  return [
    {name: 'watch line -> request', run: () => decoded(requestLines, parseRequest)},
    {name: 'watch line -> worker', run: () => decoded(workerLines, parseWorker)},
    {
      name: 'into the queue, and out in batches of 100',
      before: () => {
        ({queue} = createQueue());
      },
      run: () => {
        for (const record of records) queue.upsert(record);
        return Array.from({length: OPERATIONS / 100}, () => queue.take(100));
      },
    },
    {name: 'decision -> body of the status write', run: () => records.map(placementBody)},
    ...[0, 1, 10, 100].map(contended),
  ];
}

const WORKERS = 1_000;
const BATCH = 100;

/**
 * Batches against the cache while somebody else changes workers all the while: `changes` of 1,000
 * before each batch, whose allocations are assumed, confirmed and given back.
 */
function contended(changes: number): Stage {
  const cache = new WorkerCache({
    table: createWorkerTable(),
    clock: systemClock,
    maxWorkers: WORKERS,
  });
  const workerOf = (index: number, cpu: number) =>
    parseWorker(
      makeWorkerObject({capacity: {cpu, memory: '64Gi'}}, undefined, {name: `w-${index}`}),
    ).worker!;
  // Both states of each, so that reading them is not measured as well.
  const states = [4, 8].map((cpu) =>
    Array.from({length: WORKERS}, (_, index) => workerOf(index, cpu)),
  );
  cache.replaceWorkers(states[0]!);
  let turn = 0;
  return {
    name: `snapshot, place, assume, confirm; ${changes} of ${WORKERS} workers changed a batch of ${BATCH}`,
    run: () => {
      for (let at = 0; at < OPERATIONS; at += BATCH) {
        for (let change = 0; change < changes; change++, turn++) {
          cache.upsertWorker(states[(Math.floor(turn / WORKERS) % 2) ^ 1]![turn % WORKERS]!);
        }
        const {assigned} = place(records.slice(at, at + BATCH), cache.snapshot());
        const allocations = assigned.map((one) =>
          allocationOf(one.request, one, one.request.demand),
        );
        for (const allocation of allocations) cache.assume(allocation);
        for (const allocation of allocations) cache.confirm(allocation);
        for (const {uid} of allocations) cache.forget(uid);
      }
    },
  };
}

/** The median of 21 runs: a collection makes the heap of its run smaller, new code larger. */
function heapBytesOf({run, before = () => {}}: Stage): number {
  const bytes = Array.from({length: 21}, () => {
    before();
    const startBytes = getHeapStatistics().used_heap_size;
    run();
    return getHeapStatistics().used_heap_size - startBytes;
  });
  return median(bytes);
}

const rows = stages().map((stage) => {
  const {medianMs, minMs, maxMs} = measure(stage);
  const [middle, least, most] = [medianMs, minMs, maxMs].map((ms) =>
    digits((ms * 1e6) / OPERATIONS),
  );
  return [stage.name, `${middle} (${least}..${most})`, digits(heapBytesOf(stage) / OPERATIONS)];
});
printTable(
  'a request: ns, median (fastest..slowest), and bytes on the heap',
  ['stage', 'ns', 'bytes'],
  rows,
);
