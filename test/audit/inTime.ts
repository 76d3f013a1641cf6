import {expect, it} from 'vitest';
import {History, type Row} from './history.ts';

export const graceMs = 10_000;

/** Played at time 0 beside the worker w-1; judged when the grace is over, and not before. */
export function itJudgesInTime(rows: readonly Row[]): void {
  it.each(rows)('%s', (_, play, rules) => {
    const history = new History({graceMs}).worker('w-1');
    play(history);
    history.auditor.tick(0);
    history.auditor.tick(graceMs - 1);
    expect(history.rules).toEqual([]);
    history.auditor.tick(graceMs);
    history.auditor.tick(graceMs);
    expect(history.rules).toEqual(rules);
  });
}

/** Of a worker: what it shows of itself. */
export const showing = (cpu: string, freeCpu: string, containers = 1) => ({
  status: {
    allocated: {cpu, memory: '256Mi', gpuMillis: 0},
    free: {cpu: freeCpu, memory: '768Mi', gpuMillis: 2000},
    containers,
  },
});
