import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {attribute, type Interval} from '../../../src/cli/perf/timeline.ts';

const span = (fromMs: number, toMs: number): Interval => ({fromMs, toMs});
const total = span(0, 100);

describe('a moment of the total', () => {
  const rows: readonly [string, first: Interval[], second: Interval[], number, number, number][] = [
    ['belongs to the first phase that covers it', [span(0, 60)], [span(40, 100)], 60, 40, 0],
    ['counts once where a phase covers it twice', [span(0, 30), span(10, 50)], [], 50, 0, 50],
    ['counts whatever the order of the intervals', [span(70, 80), span(0, 10)], [], 20, 0, 80],
    [
      'is left to the second phase between two of the first',
      [span(0, 10), span(90, 100)],
      [total],
      20,
      80,
      0,
    ],
    ['of no phase is unaccounted', [span(10, 20)], [span(30, 40)], 10, 10, 80],
    ['outside of the total counts for nobody', [span(-50, 10)], [span(90, 500)], 10, 10, 80],
    ['that an empty interval marks counts for nobody', [span(5, 5)], [span(9, 7)], 0, 0, 100],
  ];
  it.each(rows)('%s', (_, first, second, firstMs, secondMs, unaccountedMs) => {
    const attribution = attribute(total, [
      {phase: 'first', intervals: first},
      {phase: 'second', intervals: second},
    ]);
    expect(attribution).toEqual({phasesMs: {first: firstMs, second: secondMs}, unaccountedMs});
  });

  it('is found as by looking at each of them', () => {
    const interval = fc
      .tuple(fc.integer({min: -5, max: 45}), fc.integer({min: 0, max: 20}))
      .map(([fromMs, lengthMs]) => span(fromMs, fromMs + lengthMs));
    const phases = fc.array(fc.array(interval, {maxLength: 6}), {minLength: 1, maxLength: 4});
    fc.assert(
      fc.property(phases, (lists) => {
        const claims = lists.map((intervals, index) => ({phase: String(index), intervals}));
        const counts = new Map<string | undefined, number>();
        for (let atMs = 0; atMs < 40; atMs++) {
          const owner = claims.find(({intervals}) =>
            intervals.some(({fromMs, toMs}) => fromMs <= atMs && atMs < toMs),
          )?.phase;
          counts.set(owner, (counts.get(owner) ?? 0) + 1);
        }
        const {phasesMs, unaccountedMs} = attribute(span(0, 40), claims);
        expect(unaccountedMs).toBe(counts.get(undefined) ?? 0);
        for (const {phase} of claims) expect(phasesMs[phase]).toBe(counts.get(phase) ?? 0);
      }),
    );
  });
});
