import type {
  LoadFigures,
  RateFigures,
  SustainedFigures,
  SustainedPerf,
} from '../../../../src/cli/perf/sustained/figures.ts';
import {makePerf} from '../figures.ts';

const latency = {p50Ms: 6, p95Ms: 12, p99Ms: 30, p999Ms: 60, maxMs: 80};

function makeLoad(ratePerSecond: number): LoadFigures {
  const due = ratePerSecond * 60;
  return {
    ...{ratePerSecond, due, placed: due, achievedPerSecond: ratePerSecond},
    answered: {count: due, p50Ms: 2, p95Ms: 4, p99Ms: 8, p999Ms: 9, maxMs: 10},
    placement: {count: due, ...latency},
    mostHeld: ratePerSecond * 2,
  };
}

/** One rate for a minute, in which everything went well. */
export function makeRate(
  ratePerSecond: number,
  overrides: Partial<SustainedFigures> = {},
): RateFigures {
  const load = makeLoad(ratePerSecond);
  const floorLatency = {p50Ms: 4, p95Ms: 8, p99Ms: 20, p999Ms: 30, maxMs: 40};
  return {
    floor: {...load, placement: {count: load.due, ...floorLatency}},
    ours: {
      ...load,
      ...{
        statusWrites: load.due,
        ledgerCommits: load.due / 2,
        loopDelay: {p99Ms: 1.5, maxMs: 3},
        revisions: load.due * 3,
      },
      ...{violations: [], waiting: {}},
      ...overrides,
    },
  };
}

/** One round at 50 and at 100 a second on a real server. */
export function makeSustained(overrides: Partial<SustainedPerf> = {}): SustainedPerf {
  const {server, ledger, versions, countedBy, workers} = makePerf();
  return {
    ...{server, ledger, versions, countedBy, workers},
    ...{isEmbedded: false, seconds: 60, holdMs: 2_000, places: 800},
    rounds: [[makeRate(50), makeRate(100)]],
    ...overrides,
  };
}
