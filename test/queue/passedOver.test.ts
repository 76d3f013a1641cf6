import {expect, it} from 'vitest';
import {newEntry} from '../../src/queue/entry.ts';
import {PASSED_OVER, PASSED_OVER_MS, PassedOver} from '../../src/queue/passedOver.ts';
import {makeRequest} from './rig.ts';

const entries = [0, 3, 5, 7].map((priority) =>
  newEntry(makeRequest({name: `p-${priority}`, priority}), 0),
);

/** Priorities told of after takes at these times, each with the lowest priority that it took. */
function toldAfter(takes: readonly (readonly [atMs: number, lowest: number | undefined])[]) {
  const passedOver = new PassedOver(PASSED_OVER);
  for (const [atMs, lowest] of takes) passedOver.note(lowest, atMs, () => entries.values());
  return passedOver.take(99, () => true).map(({priority}) => priority);
}

it.each<[string, [number, number | undefined][], number[]]>([
  [
    'all below the lowest that was taken',
    [
      [0, 5],
      [PASSED_OVER_MS, 5],
    ],
    [0, 3],
  ],
  [
    'nobody before it has lasted',
    [
      [0, 5],
      [PASSED_OVER_MS - 1, 5],
    ],
    [],
  ],
  [
    'those below each of the batches: above one of them they were in it',
    [
      [0, 5],
      [9, 3],
      [PASSED_OVER_MS, 7],
    ],
    [0],
  ],
  [
    'nobody while the last batch that took all is not as long ago',
    [
      [0, 5],
      [9, undefined],
      [10, 5],
      [PASSED_OVER_MS + 9, 5],
    ],
    [],
  ],
  [
    'them once it is',
    [
      [0, 5],
      [9, undefined],
      [10, 5],
      [PASSED_OVER_MS + 10, 5],
    ],
    [0, 3],
  ],
])('told are %s', (_, takes, told) => {
  expect(toldAfter(takes)).toEqual(told);
});
