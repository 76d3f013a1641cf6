import {describe, expect, it} from 'vitest';
import type {Side} from '../../../e2e/peers/figures.ts';
import {peersReport} from '../../../e2e/peers/report.ts';

/** Each figure is another multiple of `unit`, so that a mixed up one shows. */
function side(unit: number): Side {
  const costs = (first: number) => ({
    apiServerMs: first * unit,
    etcdMs: (first + 1) * unit,
    schedulerMs: (first + 2) * unit,
    apiServerToLastMs: (first + 10) * unit,
  });
  return {
    floor: {
      createsPerSecond: unit,
      placingsPerSecond: 2 * unit,
      bothPerSecond: 3 * unit,
      placingMs: 15 * unit,
    },
    backlog: {perSecond: 4 * unit, perSecondFromStart: 5 * unit, costs: costs(6)},
    burst: {perSecond: 9 * unit, p50Ms: 10 * unit, p99Ms: 11 * unit, costs: costs(12)},
  };
}

const names = {peer: 'kube-scheduler', berth: 'Berth, memory ledger'};

describe('the table of the peers', () => {
  const rounds = [
    {peer: side(1), berth: side(3)},
    {peer: side(10), berth: side(10)},
    {peer: side(100), berth: side(200)},
  ];
  const lines = peersReport(rounds, names);

  it('has medians and spreads of both, and the ratio of each pair', () => {
    expect(lines[0]).toBe(
      '| median (least..most) of 3 | kube-scheduler | Berth, memory ledger | ratio |',
    );
    expect(lines).toContain(
      '| with creates: placements/s | 90 (9..900) | 90 (27..1800) | 2.00 (1.00..3.00) |',
    );
    expect(lines).toContain(
      '| with creates: create to placed seen, p99 | 110 ms (11 ms..1100 ms) | 110 ms (33 ms..2200 ms) | 2.00 (1.00..3.00) |',
    );
  });

  it('has every figure once', () => {
    const one = peersReport([{peer: side(1), berth: side(1)}], names);
    const peers = one.slice(2).map((line) => Number.parseFloat(line.split(' | ')[1]!));
    expect(peers.sort((left, right) => left - right)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 22,
    ]);
  });
});
