import type {PerfFigures} from '../../../src/cli/perf/figures.ts';
import {distributionOf} from '../figures.ts';
import {makeBurst, makeOldBurst, makePerf} from './figures.ts';

const {course, latencies} = makeBurst();
const round = makePerf().rounds[0]!;

/** 30 cycles, one after the other. */
const cycles = Array.from({length: 30}, (_, index) => ({
  ...{fromMs: index * 400 - 60, batchSize: index === 0 ? 7 : 512},
  phasesMs: {batch: 120, snapshot: 1, place: 12, assume: 9, commit: 180, handOver: 20},
}));
const many = makeBurst({
  ...{requests: 10_000, workers: 1_000, placed: 10_000, totalMs: 12_345.6, createsMs: 11_900},
  ...{p50Ms: 1_234.5, p99Ms: 2_345.6, batchSizes: cycles.map(({batchSize}) => batchSize)},
  latencies: {stepMs: 32, counts: Array.from({length: 80}, (_, index) => (index * 37) % 211)},
  course: {cycles, underWay: {stepMs: 128, counts: Array.from({length: 97}, () => 31.9)}},
  distribution: Object.fromEntries(distributionOf(Array.from({length: 1_000}, () => 10))),
});

/** Figures of each kind of page. */
export const pages = {
  usual: makePerf(),
  large: makePerf({
    ...{requests: 10_000, workers: 1_000},
    rounds: [9_876.5, 11_111.1].map((floorMs) => ({floorMs, ours: many, old: makeOldBurst()})),
  }),
  /** Nothing was placed, and everything has a long name that is no markup. */
  broken: makePerf({
    server: 'API server <script>alert(1)</script> at https://a-very-long-name.of-a-server.example',
    versions: {'<b>berth</b>': '0.1.0&1', processors: '2 x "A processor" with a name that goes on'},
    rounds: [
      {
        ...round,
        old: undefined,
        ours: makeBurst({
          ...{placed: 0, totalMs: undefined, p50Ms: undefined, p99Ms: undefined},
          ...{batchSizes: [], distribution: {}, latencies: {...latencies, counts: []}},
          course: {cycles: [], underWay: {...course.underWay, counts: []}},
          waiting: {'ours-<1>': `Unplaceable: 0/20 workers fit: ${'x'.repeat(200)}`},
        }),
      },
    ],
  }),
} as const satisfies Readonly<Record<string, PerfFigures>>;
