import {describe, expect, it} from 'vitest';
import {oldVariant} from '../../../src/cli/perf/variant.ts';
import {memoryLocks} from '../../../src/cli/perf/workerLocks.ts';
import type {Transport} from '../../../src/kube/transport.ts';
import {hashString} from '../../../src/lib/hash.ts';
import {place} from '../../../src/placement/place.ts';
import {makeWorkers, snapshotOf} from '../../placement/builders.ts';
import {makeRequest} from '../../status/makeRecords.ts';

const old = oldVariant({} as Transport, memoryLocks()).parts.place!;

/** Requests of one model. */
const requests = Array.from({length: 10}, (_, index) =>
  makeRequest({
    ...{name: `r-${index}`, affinityKey: 'model', affinityExplicit: true},
    affinityHash: hashString('model') | 0,
  }),
);

/** Where each would go if it were the only one. */
const homesBy = (decide: typeof old) =>
  new Set(
    requests.map((request) => {
      const {assigned} = decide([request], snapshotOf(makeWorkers(20)));
      expect(assigned[0]!.request.uid).toBe(request.uid);
      return assigned[0]!.workerName;
    }),
  );

describe('the old way', () => {
  it('has no home for a key, as this operator has', () => {
    expect(homesBy(place).size).toBe(1);
    expect(homesBy(old).size).toBeGreaterThan(1);
  });
});
