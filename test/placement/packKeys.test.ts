import {describe, expect, test} from 'vitest';
import type {AffinityLevel} from '../../src/api/records.ts';
import type {FrozenSnapshot} from '../../src/placement/frozenSnapshot.ts';
import {place} from '../../src/placement/place.ts';
import type {PlacementRequest} from '../../src/placement/plan.ts';
import {probe} from '../../src/placement/slotTable.ts';
import type {WorkerTable} from '../../src/placement/workerTable.ts';
import {
  makeAllocation,
  makeRequest,
  makeWorkers,
  type RequestOptions,
  tableOf,
} from './builders.ts';

interface Field {
  readonly table: WorkerTable;
  /** What a request asks for beside its key. */
  readonly wish: RequestOptions;
  /** Names of the workers in use. */
  readonly used: ReadonlySet<string>;
}

/** 40 packed workers alike, of which every third holds next to nothing: each is as good. */
function withoutGpus(): Field {
  const workers = makeWorkers(40, {cpuMillis: 8_500});
  const table = tableOf(workers);
  table.upsertPool({name: 'default', strategy: 'Pack', loadBound: 1.25});
  const used = workers.filter((_, index) => index % 3 === 0).map(({name}) => name);
  for (const workerName of used) {
    table.take(makeAllocation({uid: workerName, workerName, cpuMillis: 1, gpuDevices: []}));
  }
  return {table, wish: {cpuMillis: 100}, used: new Set(used)};
}

/** 40 workers of one GPU, cut in two on every third; halves are asked for. */
function withGpus(): Field {
  const workers = makeWorkers(40, {gpuCount: 1, cpuMillis: 64_000});
  const table = tableOf(workers);
  const used = workers.filter((_, index) => index % 3 === 0).map(({name}) => name);
  for (const workerName of used) {
    const half = {gpuDevices: [0], gpuMillis: 500, cpuMillis: 1};
    table.take(makeAllocation({uid: workerName, workerName, ...half}));
  }
  return {table, wish: {gpuCount: 1, gpuMillis: 500}, used: new Set(used)};
}

/** The first 8 workers that the key looks at, and who is best without it. */
function lookOf({table, wish}: Field, request: PlacementRequest) {
  const {rows} = table.snapshot() as FrozenSnapshot;
  const {slots, mask} = rows.eligibility.of(request.constraints, request.demand).tiers[0]!.slots;
  const probed: string[] = [];
  for (let attempt = 0; probed.length < 8; attempt++) {
    const position = slots[probe(request.affinityHash, attempt, mask)]!;
    if (position >= 0) probed.push(rows.layout.workers[position]!.name);
  }
  const plain = place([makeRequest(wish)], table.snapshot());
  return {probed, best: plain.assigned[0]!.workerName};
}

describe.each([
  ['without GPUs', withoutGpus],
  ['with GPUs', withGpus],
])('among packed workers %s', (_, createField) => {
  test('a key draws to the first of four that it looks at, if that is in use and as good', () => {
    const field = createField();
    const seen: AffinityLevel[] = [];
    for (let index = 0; index < 200; index++) {
      const request = makeRequest({...field.wish, affinityKey: `key-${index}`});
      const {probed, best} = lookOf(field, request);
      const [assigned] = place([request], field.table.snapshot()).assigned;
      const drawn = probed.slice(0, 4).find((name) => field.used.has(name)) ?? best;
      const at = probed.indexOf(drawn);
      expect(assigned).toMatchObject({
        workerName: drawn,
        affinity: at === 0 ? 'Warm' : at > 0 ? 'Near' : 'None',
      });
      seen.push(assigned!.affinity);
    }
    expect(new Set(seen)).toEqual(new Set(['Warm', 'Near', 'None']));
  });

  test('requests of one class with different keys look at different workers', () => {
    const field = createField();
    const batch = ['a', 'b', 'a', 'b'].map((affinityKey) =>
      makeRequest({...field.wish, affinityKey}),
    );
    const alone = ['a', 'b'].map((affinityKey) => {
      const {assigned} = place([makeRequest({...field.wish, affinityKey})], field.table.snapshot());
      return assigned[0]!.workerName;
    });
    const together = place(batch, field.table.snapshot()).assigned;
    expect(together.slice(0, 2).map(({workerName}) => workerName)).toEqual(alone);
  });
});
