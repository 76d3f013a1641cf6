import {describe, expect, it} from 'vitest';
import {type CommitResult, Reject} from '../../src/ledger/ledger.ts';
import {makeRequest} from '../status/makeRecords.ts';
import {assignedTo, createSchedulerRig, verdict} from './schedulerRig.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => makeRequest({name, uid: name})) as [
  ReturnType<typeof makeRequest>,
  ReturnType<typeof makeRequest>,
  ReturnType<typeof makeRequest>,
];
const down: CommitResult = {kind: 'unavailable', cause: new Error('etcd is full')};

describe('a cycle', () => {
  it('goes through its phases in their order', async () => {
    const {clock, notes, run, give} = createSchedulerRig({
      plan: (batch) => ({
        assigned: batch.slice(0, 2).map((request) => assignedTo(request)),
        unplaced: batch.slice(2).map((request) => ({request, verdict})),
      }),
    });
    run();
    void give([a, b, c]);
    await clock.advance(0);
    expect(notes).toEqual([
      'batch',
      'snapshot',
      'place',
      'assume a w-1',
      'assume b w-1',
      'commit a b',
      'bind a',
      'bind b',
      `park small c: ${verdict.message}`,
    ]);
  });

  it('has a small batch under a new leader, then larger ones', async () => {
    const {clock, mosts, run, give, stop, endOf} = createSchedulerRig();
    run(7);
    for (const request of [a, b]) {
      void give([request]);
      await clock.advance(0);
    }
    expect(mosts).toEqual([2, 6, 18]);
    stop.abort();
    await clock.advance(0);
    expect(endOf()).toBe('stopped');
  });

  it('says whose key a decision was for, so that the next one of it finds the worker warm', async () => {
    const {clock, notes, run, give} = createSchedulerRig();
    run();
    void give([makeRequest({uid: 'k', name: 'k', affinityExplicit: true, affinityHash: 7}), a]);
    await clock.advance(0);
    expect(notes.filter((note) => note.startsWith('assume'))).toEqual([
      'assume k w-1 for key 7',
      'assume a w-1',
    ]);
  });

  it('commits the batch with its demands, capacities and what was gathered, under its epoch', async () => {
    const gpu = makeRequest({
      uid: 'g',
      name: 'g',
      demand: {cpuMillis: 500, memoryBytes: 1024, gpuCount: 1, gpuMillis: 250, gpuTypes: []},
    });
    const {clock, commits, update, run, give} = createSchedulerRig({
      plan: ([request]) => ({
        assigned: [assignedTo(request!, {workerName: 'w-9', gpuDevices: [1]})],
        unplaced: [],
      }),
    });
    for (const uid of ['r-1', 'r-2', 'r-3', 'r-4', 'r-5']) update.release(uid);
    update.confirm('c-1');
    run(3);
    void give([gpu]);
    await clock.advance(0);
    expect(commits[0]).toEqual({
      epoch: 3,
      cycle: 1,
      releases: ['r-1', 'r-2', 'r-3', 'r-4'],
      confirmed: ['c-1'],
      assignments: [
        {
          uid: 'g',
          request: 'default/g',
          workerName: 'w-9',
          cpuMillis: 500,
          memoryBytes: 1024,
          gpuDevices: [1],
          gpuMillis: 250,
        },
      ],
      capacities: new Map([['w-9', expect.objectContaining({cpuMillis: 4_000})]]),
    });
  });

  it('carries the release of whom it assigns anew, however many others wait', async () => {
    const {clock, commits, update, run, give} = createSchedulerRig();
    for (const uid of ['r-1', 'r-2', 'r-3', 'r-4', 'r-5', 'a']) update.release(uid);
    run();
    void give([a, b]);
    await clock.advance(0);
    expect(commits[0]!.releases).toEqual(['a', 'r-1', 'r-2', 'r-3']);
    await clock.advance(1_000);
    expect(commits[1]!.releases).toEqual(['r-4', 'r-5']);
  });

  it('hands each accepted one to the writer, under an id of its own', async () => {
    const {clock, binds, run, give} = createSchedulerRig();
    run(3);
    void give([a, b]);
    await clock.advance(0);
    void give([c]);
    await clock.advance(0);
    expect(binds.map(({record, assignment}) => [record.uid, assignment.id])).toEqual([
      ['a', '3.1.0'],
      ['b', '3.1.1'],
      ['c', '3.2.0'],
    ]);
    expect(binds[2]).toEqual({
      kind: 'bind',
      record: c,
      workerName: 'w-1',
      assignment: {id: '3.2.0', epoch: 3, cycle: 2, gpuDevices: [], affinity: 'None'},
    });
  });

  const rejects: readonly {reject: Reject; isBound?: boolean; releases: string[]}[] = [
    {reject: Reject.NoCapacity, releases: []},
    {reject: Reject.WorkerUnknown, releases: []},
    {reject: Reject.LedgerFull, releases: []},
    // A leftover that nobody will ever bind; but what is bound is true.
    {reject: Reject.AssignedElsewhere, releases: ['b']},
    {reject: Reject.AssignedElsewhere, isBound: true, releases: []},
  ];
  it.each(rejects)(
    'gives back what is rejected ($reject, bound elsewhere: $isBound), and binds its neighbours',
    async ({reject, isBound = false, releases}) => {
      const {clock, notes, update, cycles, run, give} = createSchedulerRig({
        answers: [{kind: 'committed', rejects: [undefined, reject, undefined]}],
        boundUids: isBound ? ['b'] : [],
      });
      run();
      void give([a, b, c]);
      await clock.advance(0);
      expect(notes.slice(-4)).toEqual(['bind a', 'forget b', 'requeue b', 'bind c']);
      expect(update.take(10).releases).toEqual(releases);
      expect(cycles[0]).toMatchObject({batchSize: 3, accepted: 2, rejected: 1, unplaced: 0});
    },
  );

  it('parks what fits nowhere once a class, without a commit when nothing else is to be said', async () => {
    const large = makeRequest({name: 'l', uid: 'l', classKey: 'large'});
    const {clock, notes, commits, cycles, run, give} = createSchedulerRig({
      plan: (batch) => ({assigned: [], unplaced: batch.map((request) => ({request, verdict}))}),
    });
    run();
    void give([a, large, b]);
    await clock.advance(0);
    expect(notes.slice(3)).toEqual([
      `park small a b: ${verdict.message}`,
      `park large l: ${verdict.message}`,
    ]);
    expect(commits).toEqual([]);
    expect(cycles[0]).toMatchObject({commits: 0, cycle: 0, unplaced: 3});
  });

  it('does not begin before the writer has room', async () => {
    const {clock, notes, run, give, block} = createSchedulerRig();
    const room = Promise.withResolvers<void>();
    block(room.promise);
    run();
    void give([a]);
    await clock.advance(5_000);
    expect(notes).toEqual([]);
    room.resolve();
    await clock.advance(0);
    expect(notes.at(-1)).toBe('bind a');
  });

  it('measures each of its phases', async () => {
    const answer = Promise.withResolvers<CommitResult>();
    const {clock, cycles, run, give} = createSchedulerRig({answers: [answer.promise]});
    run();
    await clock.advance(40);
    void give([a]);
    await clock.advance(15);
    answer.resolve({kind: 'committed', rejects: []});
    await clock.advance(0);
    expect(cycles[0]).toEqual({
      epoch: 7,
      cycle: 1,
      batchSize: 1,
      accepted: 1,
      rejected: 0,
      unplaced: 0,
      commits: 1,
      phasesMs: {batch: 40, snapshot: 0, place: 0, assume: 0, commit: 15, handOver: 0},
    });
  });
});

describe('an idle leader', () => {
  it('flushes releases after a second, in a commit of their own', async () => {
    const {clock, commits, cycles, update, run} = createSchedulerRig();
    run();
    await clock.advance(10_000);
    expect(commits).toEqual([]);
    update.release('r-1');
    await clock.advance(999);
    expect(commits).toEqual([]);
    await clock.advance(1);
    expect(commits).toEqual([
      expect.objectContaining({cycle: 1, releases: ['r-1'], assignments: []}),
    ]);
    expect(cycles.at(-1)).toMatchObject({batchSize: 0, commits: 1});
    await clock.advance(10_000);
    expect(commits).toHaveLength(1);
  });

  it('flushes what one commit could not carry with the next ones', async () => {
    const {clock, commits, update, run} = createSchedulerRig();
    run();
    await clock.advance(0);
    for (let index = 0; index < 9; index++) update.release(`r-${index}`);
    await clock.advance(3_000);
    expect(commits.map(({releases}) => releases.length)).toEqual([4, 4, 1]);
  });

  it('has no commit for what is only confirmed: it goes with the next batch', async () => {
    const {clock, commits, update, run, give} = createSchedulerRig();
    run();
    update.confirm('c-1');
    await clock.advance(10_000);
    expect(commits).toEqual([]);
    void give([a]);
    await clock.advance(0);
    expect(commits[0]).toMatchObject({confirmed: ['c-1']});
  });
});

describe('the scheduler', () => {
  it('says of the decided ones that they wait for the ledger, once it is no blip', async () => {
    const {clock, reports, binds, run, give} = createSchedulerRig({answers: [down, down, down]});
    run();
    void give([a, b]);
    await clock.advance(0);
    expect(reports).toEqual([]);
    await clock.advance(50);
    expect(reports.map(({record, reason}) => [record.uid, reason])).toEqual([
      ['a', 'LedgerUnavailable'],
      ['b', 'LedgerUnavailable'],
    ]);
    expect(reports[0]!.message).toContain('etcd is full');
    await clock.advance(1_000);
    expect(reports).toHaveLength(2);
    expect(binds).toHaveLength(2);
  });

  it('ends when another leader fences it, and binds nothing of that batch', async () => {
    const fenced: CommitResult = {kind: 'fenced', currentEpoch: 9};
    const {clock, notes, cycles, run, give, endOf} = createSchedulerRig({answers: [fenced]});
    run();
    void give([a]);
    await clock.advance(0);
    expect(endOf()).toBe('fenced');
    expect(notes.at(-1)).toBe('commit a');
    expect(cycles).toEqual([]);
  });

  it('that is told to stop finishes the cycle under way, and takes no other', async () => {
    const answer = Promise.withResolvers<CommitResult>();
    const {clock, notes, stop, run, give, endOf} = createSchedulerRig({answers: [answer.promise]});
    run();
    void give([a]);
    await clock.advance(0);
    void give([b]);
    stop.abort();
    await clock.advance(500);
    expect(endOf()).toBeUndefined();
    answer.resolve({kind: 'committed', rejects: []});
    await clock.advance(0);
    expect(notes.at(-1)).toBe('bind a');
    expect(endOf()).toBe('stopped');
  });

  it('that is told to stop while it waits flushes its releases and ends', async () => {
    const {clock, commits, update, stop, run, endOf} = createSchedulerRig();
    run();
    await clock.advance(0);
    update.release('r-1');
    stop.abort();
    await clock.advance(0);
    expect(commits).toEqual([expect.objectContaining({releases: ['r-1']})]);
    expect(endOf()).toBe('stopped');
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no timer behind, however many cycles it ran', async () => {
    const {clock, cycles, update, run, give} = createSchedulerRig();
    run();
    for (let index = 0; index < 20; index++) {
      update.release(`r-${index}`);
      void give([makeRequest({name: `r-${index}`, uid: `u-${index}`})]);
      await clock.advance(1);
    }
    expect(cycles).toHaveLength(20);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a request whose earlier bind is still on its way', () => {
  it('is given back, and the rest of its batch decided', async () => {
    const {clock, notes, run, give} = createSchedulerRig({writtenUids: ['a']});
    run();
    void give([a, b]);
    await clock.advance(0);
    expect(notes).toEqual([
      'batch',
      'requeue a',
      'snapshot',
      'place',
      'assume b w-1',
      'commit b',
      'bind b',
    ]);
  });
});
