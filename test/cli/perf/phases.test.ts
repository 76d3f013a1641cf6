import {describe, expect, it} from 'vitest';
import {type PhaseInput, phasesOf} from '../../../src/cli/perf/phases.ts';
import {makeCycle} from '../figures.ts';

/** A cycle of 4 requests: waits to 20, decides to 23, commits to 30, hands over to 31. */
const cycle = {
  endMs: 31,
  stalenessMs: 0,
  isMiss: false,
  summary: makeCycle({
    phasesMs: {batch: 20, snapshot: 1, place: 1.5, assume: 0.5, commit: 7, handOver: 1},
  }),
};

const input = (overrides: Partial<PhaseInput> = {}): PhaseInput => ({
  window: {startMs: 0, createdMs: 10, endMs: 50},
  cycles: [cycle],
  arrivalsMs: [4, 6, 8, 12],
  writes: [
    {fromMs: 31, toMs: 42},
    {fromMs: 33, toMs: 47},
  ],
  ...overrides,
});

describe('the phases of a burst', () => {
  it('are the whole way of its requests, each moment once', () => {
    expect(phasesOf(input())).toEqual({
      phasesMs: {
        creates: 10,
        batch: 10,
        arrival: 0,
        snapshot: 1,
        place: 1.5,
        assume: 0.5,
        commit: 7,
        handOver: 1,
        writes: 16,
        seen: 3,
      },
      unaccountedMs: 0,
    });
  });

  it('leave a cycle that idles until its first request arrives to the way of that', () => {
    const {phasesMs, unaccountedMs} = phasesOf(input({arrivalsMs: [15, 16, 17, 18]}));
    expect(phasesMs).toMatchObject({creates: 10, arrival: 5, batch: 5});
    expect(unaccountedMs).toBe(0);
  });

  it('do not account for a cycle that idles although all have arrived', () => {
    const again = {
      ...cycle,
      endMs: 98,
      summary: makeCycle({phasesMs: {...cycle.summary.phasesMs, batch: 57}}),
    };
    const {unaccountedMs} = phasesOf(
      input({
        cycles: [cycle, again],
        window: {startMs: 0, createdMs: 10, endMs: 100},
        writes: [
          {fromMs: 31, toMs: 47},
          {fromMs: 98, toMs: 101},
        ],
      }),
    );
    expect(unaccountedMs).toBe(40);
  });

  it('count a commit only while no write of the floor is under way', () => {
    const {phasesMs} = phasesOf(input({writes: [{fromMs: 25, toMs: 50}]}));
    expect(phasesMs).toMatchObject({commit: 2, handOver: 1, writes: 24});
    const early = phasesOf(input({window: {startMs: 0, createdMs: 27, endMs: 50}}));
    expect(early.phasesMs).toMatchObject({commit: 3, creates: 24, batch: 0});
  });

  it('see nobody waiting for the watcher while a write is under way', () => {
    const {phasesMs} = phasesOf(input({writes: [{fromMs: 31, toMs: 60}]}));
    expect(phasesMs).toMatchObject({writes: 19, seen: 0});
  });

  it('do not wait for a write that was sent after the last placement was seen', () => {
    const late = {fromMs: 60, toMs: 70};
    expect(phasesOf(input({writes: [...input().writes, late]}))).toEqual(phasesOf(input()));
  });

  it('account for a second batch from the arrival of its own first request', () => {
    const second = {
      ...cycle,
      endMs: 49,
      summary: makeCycle({phasesMs: {...cycle.summary.phasesMs, batch: 7}}),
    };
    const {phasesMs} = phasesOf(
      input({cycles: [cycle, second], arrivalsMs: [4, 6, 8, 12, 33], writes: []}),
    );
    expect(phasesMs.batch).toBe(10 + 5);
  });
});
