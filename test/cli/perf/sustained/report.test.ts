import {describe, expect, it} from 'vitest';
import type {SustainedPerf} from '../../../../src/cli/perf/sustained/figures.ts';
import {sustainedAsJson, sustainedReport} from '../../../../src/cli/perf/sustained/report.ts';
import {makeRate, makeSustained} from './figures.ts';

const text = (figures: Partial<SustainedPerf> = {}) =>
  sustainedReport(makeSustained(figures)).join('\n');

describe('the report of a fixed rate', () => {
  it('says every figure of each rate, beside the floor', () => {
    for (const line of [
      /^\nOn the API server v1\.36\.3 at https:\/\/server\n60 s of creates at each rate on 20 Workers, kubernetes ledger/,
      / p50 +p95 +p99 +p99\.9 +max\n/,
      /50\/s +this operator +6\.0 ms +12\.0 ms +30\.0 ms +60\.0 ms +80\.0 ms\n/,
      /floor +4\.0 ms +8\.0 ms +20\.0 ms +30\.0 ms +40\.0 ms\n/,
      /ratio +1\.50 +1\.50 +1\.50 +2\.00 +2\.00\n/,
      /creates due: +6000, 100\/s\n/,
      /answered in time: +100\.0\/s\n/,
      /create answered: +p99 8\.0 ms, at most 10\.0 ms after it was due\n/,
      /placed: +6000\n/,
      /lost: +0\n/,
      /status writes a placement: +1\.000, counted by the API server\n/,
      /ledger commits a placement: +0\.500, counted by the ledger server\n/,
      /held at once: +200 at most, of 800 places\n/,
      /event loop delay, p99: +1\.5 ms\n/,
      /violations: +0\n/,
      /deleted 2 s after it was seen placed/,
      /Versions: berth 0\.1\.0, node v24\.0\.0/,
    ]) {
      expect(text()).toMatch(line);
    }
    expect(text().match(/^ {2}✓ /gm)).toHaveLength(10);
    expect(text()).not.toMatch(/✗|NaN|undefined|Infinity/);
  });

  it('gives the median of several rounds, with the least and the most', () => {
    const rounds = [10, 30, 20].map((p99Ms) => [makeRate(50, {loopDelay: {p99Ms, maxMs: 40}})]);
    expect(text({rounds})).toMatch(/, 3 rounds: median \(least\.\.most\)\n/);
    expect(text({rounds})).toMatch(/event loop delay, p99: +20\.0 ms \(10\.0 ms\.\.30\.0 ms\)\n/);
  });

  it('names what was lost and what was broken, and no figure that nobody has', () => {
    const ours = {
      ...{placed: 0, placement: undefined, statusWrites: undefined},
      ...{
        violations: ['overCapacity at revision 7: too much'],
        waiting: {'r-1': 'Unplaceable: full'},
      },
    };
    const said = text({rounds: [[makeRate(50, ours)]]});
    expect(said).toMatch(/lost: +3000\n/);
    expect(said).toMatch(/status writes a placement: +-, counted/);
    expect(said).toMatch(
      / {2}overCapacity at revision 7: too much\n {2}r-1 waits: Unplaceable: full/,
    );
    expect(said).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('is JSON with every figure of every round, and the verdict', () => {
    const figures = makeSustained();
    const json = JSON.parse(JSON.stringify(sustainedAsJson(figures))) as SustainedPerf & {
      criteria: unknown[];
    };
    expect(json).toMatchObject(figures);
    expect(json.criteria).toHaveLength(10);
  });
});
