import {describe, expect, it} from 'vitest';
import {diagnosis} from '../../../src/cli/perf/diagnosis.ts';
import type {BurstFigures} from '../../../src/cli/perf/figures.ts';
import {distributionOf} from '../figures.ts';
import {makeBurst, makeOldBurst, makePerf} from './figures.ts';

const floorMs = 320;
const diagnosed = (...bursts: Partial<BurstFigures>[]) =>
  diagnosis(
    makePerf({
      targetMs: 2_000,
      rounds: bursts.map((one) => ({floorMs, ours: makeBurst(one), old: undefined})),
    }),
  );
const namesOf = (...bursts: Partial<BurstFigures>[]) => diagnosed(...bursts).map(({name}) => name);
const {phasesMs, busyMs, outside, course} = makeBurst();

/** A total of 4 s, of which these phases took so long. */
const slow = (phases: Partial<BurstFigures['phasesMs']> = {}): Partial<BurstFigures> => ({
  totalMs: 4_000,
  phasesMs: {...phasesMs, ...phases},
});
const ones = Array.from({length: 30}, () => 1);
const many = {batchSizes: ones, cycles: 30, snapshots: 30, outside: {...outside, commits: 30}};
const excessMs = 4_000 - floorMs;

describe('the causes of a broken criterion', () => {
  const rows: readonly [what: string, Partial<BurstFigures>, names: string[]][] = [
    ['none where all hold', {}, []],
    ['none where all hold, whatever the loop did', {loopDelay: {p99Ms: 90, maxMs: 300}}, []],
    ['a batch that stays at one while two wait', {...many, leftWaiting: 2}, ['batching off']],
    [
      'creates that come slower where only as many wait as a batch takes',
      {...many, leftWaiting: 1},
      ['requests that come slower than a batch waits'],
    ],
    [
      'those too where more wait and batches of several sizes leave them',
      {...many, batchSizes: [...ones.slice(1), 2], leftWaiting: 9},
      ['requests that come slower than a batch waits'],
    ],
    [
      'neither where batches are as large as they may be',
      {...many, batchSizes: ones.map(() => 512), leftWaiting: 999},
      ['no known cause'],
    ],
    [
      'no load bound where not all are placed',
      {
        ...{placed: 99, totalMs: undefined},
        distribution: Object.fromEntries(distributionOf([4, ...Array.from({length: 19}, () => 5)])),
      },
      ['no known cause'],
    ],
    ['a miss more than one in twenty', {cacheHits: 95, cacheMisses: 5}, ['cache misses']],
    ['no cause for the cold read alone', {cacheHits: 0, cacheMisses: 1}, ['no known cause']],
    ['commits above batches', {outside: {...outside, commits: 3}}, ['more commits than batches']],
    [
      'a batch without a commit is none of these',
      {outside: {...outside, commits: 1}},
      ['no known cause'],
    ],
    [
      'a worker with one more than even',
      {
        distribution: Object.fromEntries(
          distributionOf([4, 6, ...Array.from({length: 18}, () => 5)]),
        ),
      },
      ['load bound'],
    ],
    [
      'a stall of three tenths of what the floor spares',
      {...slow(), loopDelay: {p99Ms: 9, maxMs: excessMs * 0.3}},
      ['event-loop stall'],
    ],
    [
      'a shorter stall is not why: the longest phase is',
      {...slow({commit: excessMs * 0.3}), loopDelay: {p99Ms: 9, maxMs: excessMs * 0.3 - 1}},
      ['slow ledger'],
    ],
    [
      'a stall half as long as the longest phase is',
      {...slow({commit: 2_400}), loopDelay: {p99Ms: 9, maxMs: 1_200}},
      ['event-loop stall'],
    ],
    [
      'a stall less than half as long as the longest phase is not',
      {...slow({commit: 2_401}), loopDelay: {p99Ms: 9, maxMs: 1_200}},
      ['slow ledger'],
    ],
    [
      'a stall that is the decision itself',
      {
        ...slow({place: 2_000}),
        busyMs: {...busyMs, place: 2_000},
        loopDelay: {p99Ms: 9, maxMs: 2_000},
        course: {
          ...course,
          cycles: [{...course.cycles[0]!, phasesMs: {...course.cycles[0]!.phasesMs, place: 1_999}}],
        },
      },
      ['slow decision'],
    ],
    ['a slow decision of a short burst', {busyMs: {...busyMs, place: 20}}, ['slow decision']],
    [
      'a stall of 50 ms where time belongs to no phase',
      {accountedShare: 0.9, loopDelay: {p99Ms: 9, maxMs: 50}},
      ['event-loop stall'],
    ],
    [
      'no cause for time that belongs to no phase without one',
      {accountedShare: 0.9, loopDelay: {p99Ms: 9, maxMs: 49}},
      ['no known cause'],
    ],
    [
      'writes where nothing that is added explains it',
      slow({writes: 3_000}),
      ['slow phase "status writes under way"'],
    ],
    ['creates likewise', slow({creates: 3_000}), ['slow phase "creates still arriving"']],
    [
      'the way to the operator',
      slow({arrival: 1_500}),
      ['slow phase "on the way to the operator"'],
    ],
    ['the watcher', slow({seen: 1_500}), ['slow phase "seen by the watcher"']],
    ['a snapshot', slow({snapshot: 1_500}), ['slow phase "snapshot"']],
    ['assumptions', slow({assume: 1_500}), ['slow phase "assume"']],
    ['the writer', slow({handOver: 1_500}), ['slow phase "hand over to the writer"']],
    [
      'requests that fit nowhere, and nothing of what follows from that',
      {
        ...{placed: 90, totalMs: undefined, accountedShare: 0.5},
        waiting: {'ours-7': 'Unplaceable: 0/20 workers fit'},
      },
      ['requests that fit nowhere'],
    ],
    [
      'no known one for requests that wait for something else',
      {placed: 90, totalMs: undefined, waiting: {'ours-7': 'LedgerUnavailable: it is silent'}},
      ['no known cause'],
    ],
    ['no known one for a violation', {violations: ['overcommitted']}, ['no known cause']],
    [
      'two at once',
      {...many, leftWaiting: 9, cacheHits: 0, cacheMisses: 31},
      ['cache misses', 'batching off'],
    ],
  ];
  it.each(rows)('are: %s', (_, burst, names) => {
    expect(namesOf(burst)).toEqual(names);
  });

  it('are those of the server up to 1.3 times the floor', () => {
    const withFloor = (floor: number) => {
      const ours = makeBurst(slow({commit: 1_500}));
      const figures = makePerf({rounds: [{floorMs: floor, ours, old: undefined}]});
      return diagnosis(figures).map(({name}) => name);
    };
    expect(withFloor(4_000 / 1.3 + 1)).toEqual(['slow API server']);
    expect(withFloor(4_000 / 1.3 - 1)).toEqual(['slow ledger']);
  });

  it('say in how many rounds, with the figures of the first that shows them', () => {
    const found = diagnosed({}, slow({commit: 1_500}), slow({commit: 1_600}));
    expect(found).toEqual([
      {
        name: 'slow ledger',
        evidence:
          '1500.0 ms of 4000.0 ms (37.5 %), 15.0 ms for each commit; the total is 12.50 times the floor (2 of 3 rounds)',
        change: expect.stringMatching(/^ledger\.kind/) as string,
      },
    ]);
  });

  it('say what is known of a waiting request and a violation without a known cause', () => {
    const waiting = {'ours-7': 'LedgerUnavailable: it is silent'};
    const [found] = diagnosed({
      placed: 90,
      totalMs: undefined,
      waiting,
      violations: ['two at once'],
    });
    expect(found!.evidence).toBe(
      'total, placed, capacity, decision without a figure that says why; 98.0 % of the time has a phase; 0 rejected by the ledger; two at once; ours-7 waits: LedgerUnavailable: it is silent',
    );
  });

  it('name each setting as config.ts or the API does', () => {
    const old = diagnosis(
      makePerf({rounds: [{floorMs, ours: {...makeOldBurst(), leftWaiting: 9}, old: undefined}]}),
    );
    expect(old.map(({change}) => change)).toEqual([
      'watch.silenceMs and watch.timeoutSeconds, after which Workers are listed again',
      'batch.maxRequests (512 by default)',
    ]);
  });
});
