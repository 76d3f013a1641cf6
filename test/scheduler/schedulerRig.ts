import type {RequestRecord} from '../../src/api/records.ts';
import {Committer} from '../../src/ledger/committer.ts';
import type {CommitInput, CommitResult, Ledger} from '../../src/ledger/ledger.ts';
import {PendingUpdate} from '../../src/ledger/pendingUpdate.ts';
import {silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import type {CycleSummary} from '../../src/observe/cycleSummary.ts';
import type {Assigned, Plan, Verdict} from '../../src/placement/plan.ts';
import {Scheduler} from '../../src/scheduler.ts';
import type {BindIntent, PendingIntent} from '../../src/status/intent.ts';

export const verdict: Verdict = {
  workerCount: 3,
  counts: [{reason: 'InsufficientCpu', workers: 3}],
  message: '0/3 workers fit: 3 insufficient cpu.',
};

export type PlanOf = (batch: readonly RequestRecord[]) => Plan<RequestRecord>;

/** Everybody on `w-1`. */
export const allOnOne: PlanOf = (batch) => ({
  assigned: batch.map((request) => assignedTo(request)),
  unplaced: [],
});

export function assignedTo(
  request: RequestRecord,
  changes: Partial<Assigned<RequestRecord>> = {},
): Assigned<RequestRecord> {
  return {request, workerName: 'w-1', gpuDevices: [], affinity: 'None', ...changes};
}

export interface SchedulerRigOptions {
  readonly plan?: PlanOf;
  /** Answer to each commit, in order; then all are accepted. */
  readonly answers?: readonly (CommitResult | Promise<CommitResult>)[];
  readonly boundUids?: readonly string[];
  /** Their binds are still on their way. */
  readonly writtenUids?: readonly string[];
  /** They take nothing any more once the commit is over. */
  readonly leftWorkers?: readonly string[];
}

/** A scheduler among fakes that note, in one list, what they are told and in which order. */
export function createSchedulerRig({
  plan = allOnOne,
  answers = [],
  boundUids = [],
  writtenUids = [],
  leftWorkers = [],
}: SchedulerRigOptions = {}) {
  const clock = new VirtualClock();
  const notes: string[] = [];
  const commits: CommitInput[] = [];
  const binds: BindIntent[] = [];
  const reports: PendingIntent[] = [];
  const cycles: CycleSummary[] = [];
  const mosts: number[] = [];
  const update = new PendingUpdate();
  update.begin();
  const left = [...answers];
  const waiting: {readonly batch: readonly RequestRecord[]; readonly takes: () => void}[] = [];
  let room = Promise.resolve();
  let offer = Promise.withResolvers<void>();
  const ledger: Ledger = {
    kind: 'memory',
    open: async () => ({kind: 'opened', allocations: []}),
    settle: async () => ({kind: 'committed', rejects: []}),
    async commit(input) {
      notes.push(`commit ${input.assignments.map(({uid}) => uid).join(' ')}`.trim());
      commits.push(input);
      return (await left.shift()) ?? {kind: 'committed', rejects: []};
    },
    close: async () => {},
  };
  const scheduler = new Scheduler({
    batcher: {
      async next(signal, most) {
        mosts.push(most);
        const aborted = new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve(), {once: true});
        });
        while (waiting.length === 0 && !signal.aborted) {
          await Promise.race([offer.promise, aborted]);
        }
        const next = waiting.shift();
        next?.takes();
        notes.push('batch');
        return next?.batch ?? [];
      },
    },
    queue: {
      park: (classKey, {message}, unplaced) =>
        notes.push(`park ${classKey} ${unplaced.map(({uid}) => uid).join(' ')}: ${message}`),
      requeue: (_, {uid}) => notes.push(`requeue ${uid}`),
      awaitLedger: (isAwaited) => notes.push(`await the ledger: ${isAwaited}`),
    },
    cache: {
      snapshot() {
        notes.push('snapshot');
        return {workerCount: 1, generation: 1};
      },
      assume({uid, workerName}, chosenKey) {
        const key = chosenKey === undefined ? '' : ` for key ${chosenKey}`;
        notes.push(`assume ${uid} ${workerName}${key}`);
      },
      forgetAssumed: (uid) => notes.push(`forget ${uid}`),
      isBound: (uid) => boundUids.includes(uid),
      stillTakes: ({workerName}) => !leftWorkers.includes(workerName),
    },
    place(batch) {
      notes.push('place');
      return plan(batch);
    },
    committer: new Committer({
      ledger,
      clock,
      random: {next: () => 1},
      log: silentLog,
      allocations: () => [],
      capacities: (names) => new Map(Array.from(names, (name) => [name, capacity])),
      update,
      onOutage: () => {},
      backoff: {baseMs: 50, maxMs: 2_000},
      drainMs: 10_000,
    }),
    update,
    writer: {
      async room() {
        await room;
      },
      write(intent) {
        notes.push(`bind ${intent.record.uid}`);
        binds.push(intent);
      },
      isWriting: (_, uid) => writtenUids.includes(uid),
    },
    report: (intent) => reports.push(intent),
    onCycle: (summary) => cycles.push(summary),
    clock,
    log: silentLog,
    limits: {releasesPerCommit: 4, idleFlushMs: 1_000, firstBatch: 2, batchGrowth: 3},
  });
  const stop = new AbortController();
  let end: string | undefined;
  const run = (epoch = 7) => {
    void scheduler.run(epoch, stop.signal).then((ended) => {
      end = ended;
    });
  };
  const give = (batch: readonly RequestRecord[]): Promise<void> => {
    const taken = Promise.withResolvers<void>();
    waiting.push({batch, takes: taken.resolve});
    offer.resolve();
    offer = Promise.withResolvers<void>();
    return taken.promise;
  };
  const block = (until: Promise<void>) => {
    room = until;
  };
  return {
    clock,
    notes,
    commits,
    binds,
    reports,
    cycles,
    mosts,
    update,
    stop,
    run,
    give,
    block,
    endOf: () => end,
  };
}

const capacity = {
  cpuMillis: 4_000,
  memoryBytes: 2 ** 34,
  gpuCount: 2,
  gpuType: 'A100',
  containers: 250,
};
