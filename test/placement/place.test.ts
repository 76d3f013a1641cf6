import {expect, test} from 'vitest';
import {place} from '../../src/placement/place.ts';
import {countByWorker, makeRequests, makeWorkers, snapshotOf} from './builders.ts';

test('100 equal requests on 20 equal empty workers give 5 each', () => {
  const workers = makeWorkers(20);
  const plan = place(makeRequests(100), snapshotOf(workers));
  expect(plan.unplaced).toEqual([]);
  expect(new Set(countByWorker(plan.assigned, workers).values())).toEqual(new Set([5]));
});
