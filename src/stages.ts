import {withNearest} from './api/nearestText.ts';
import {parseRequest} from './api/parseRequest.ts';
import {ledgerAwaitedMessage, ScheduledReason} from './api/reasons.ts';
import type {RequestRecord} from './api/records.ts';
import type {Allocation} from './api/resources.ts';
import {type Config, fixedLimits} from './config.ts';
import type {Transport} from './kube/transport.ts';
import {Committer} from './ledger/committer.ts';
import type {BoundView} from './ledger/kubernetesLedger.ts';
import type {Ledger} from './ledger/ledger.ts';
import {PendingUpdate} from './ledger/pendingUpdate.ts';
import type {Clock} from './lib/clock.ts';
import type {Log} from './lib/log.ts';
import type {Random} from './lib/random.ts';
import {Lifecycle} from './lifecycle/lifecycle.ts';
import {LostWorkers} from './lifecycle/lostWorkers.ts';
import {NodeWorkers} from './lifecycle/nodeWorkers.ts';
import {stepEvent} from './lifecycle/stepEvent.ts';
import {WorkerHealth} from './lifecycle/workerHealth.ts';
import {WorkerSigns} from './lifecycle/workerSigns.ts';
import type {CycleSummary} from './observe/cycleSummary.ts';
import {EventRecorder} from './observe/eventRecorder.ts';
import type {Metrics} from './observe/metrics.ts';
import {couldHold} from './placement/couldHold.ts';
import {place} from './placement/place.ts';
import {createWorkerTable} from './placement/workerTable.ts';
import {Batcher} from './queue/batcher.ts';
import {PASSED_OVER} from './queue/passedOver.ts';
import {RequestQueue} from './queue/requestQueue.ts';
import {Scheduler, type SchedulerOptions} from './scheduler.ts';
import {concludeBind} from './status/concludeBind.ts';
import type {PendingIntent} from './status/intent.ts';
import {Reporter} from './status/reporter.ts';
import {StatusWriter} from './status/statusWriter.ts';
import {WorkerView} from './status/workerView.ts';
import {RequestRouter} from './watch/requestRouter.ts';
import {WorkerCache} from './watch/workerCache.ts';

export interface OperatorOptions {
  readonly config: Config;
  readonly transport: Transport;
  /** Namespace of the Lease, and of the agents' heartbeats. */
  readonly namespace: string;
  /** Never used before, not even by this Pod before a restart. */
  readonly identity: string;
  readonly ledger: (bound: BoundView) => Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Instead of `placement/place.ts`; `berth perf` compares with less. */
  readonly place?: SchedulerOptions['place'];
  /** Awaited between each batch and its snapshot; `berth perf` compares with more. */
  readonly beforeSnapshot?: (cache: WorkerCache, signal: AbortSignal) => Promise<void>;
  /** Sees each finished cycle, for a report. */
  readonly onCycle?: (summary: CycleSummary) => void;
}

export type Stages = ReturnType<typeof createStages>;

/** Constructs every stage of the pipeline and joins them. Starts nothing. */
export function createStages(options: OperatorOptions) {
  const truth = createTruth(options);
  const following = createFollowing(options, truth);
  const writers = createWriters(options, {...truth, ...following});
  const {cache, queue, update, ledger} = truth;
  const {config, clock, random, log, metrics} = options;
  const committer = new Committer({
    ledger,
    clock,
    random,
    log,
    allocations: () => cache.allocations(),
    capacities: (workerNames) => cache.capacities(workerNames),
    update,
    onOutage: () => metrics.ledgerOutages.inc(),
    backoff: {
      baseMs: config.queue.backoffBaseMs,
      maxMs: config.leaderElection.retryPeriodSeconds * 1000,
    },
    drainMs: config.shutdown.drainMs,
  });
  const scheduler = new Scheduler({
    batcher: createBatcher(options, {...truth, ...writers}),
    queue,
    cache,
    place: options.place ?? place,
    committer,
    update,
    writer: writers.writer,
    report: (intent) => writers.reporter.report(intent),
    onCycle: (summary) => {
      metrics.cycle(ledger.kind, summary);
      const keys = {...summary, ...queue.counts, outstanding: writers.writer.outstanding};
      // A cycle that only finds again that nothing fits decides nothing new.
      if (summary.accepted + summary.rejected > 0) log.info(keys, 'cycle done');
      else log.debug(keys, 'cycle done');
      options.onCycle?.(summary);
    },
    clock,
    log,
    limits: fixedLimits,
  });
  joinCacheChanges({...truth, ...following, ...writers});
  return {...truth, ...following, ...writers, committer, scheduler};
}

function createBatcher(
  {config, clock, beforeSnapshot}: OperatorOptions,
  {queue, cache, writer}: Truth & Pick<ReturnType<typeof createWriters>, 'writer'>,
): SchedulerOptions['batcher'] {
  const isIdle = () => writer.outstandingBinds === 0;
  const batcher = new Batcher({queue, isIdle, clock, limits: config.batch});
  if (!beforeSnapshot) return batcher;
  return {
    async next(signal, most) {
      const batch = await batcher.next(signal, most);
      if (batch.length > 0) await beforeSnapshot(cache, signal);
      return batch;
    },
  };
}

type Truth = ReturnType<typeof createTruth>;

/** Says the first one of what is refused, and then one a thousand: each may come often. */
function nowAndThen<T>(say: (one: T, refused: number) => void): (one: T) => void {
  let refused = 0;
  return (one) => {
    if (refused++ % 1_000 === 0) say(one, refused);
  };
}

/** What is true, as far as this replica knows: the caches, the ledger, and what waits. */
function createTruth({config, clock, random, log, metrics, ledger}: OperatorOptions) {
  const {maxRequests, maxWorkers} = config.queue;
  const sayWorker = nowAndThen<string>((workerName, refused) =>
    log.warn({workerName, refused, maxWorkers}, 'too many workers known'),
  );
  const sayRequest = nowAndThen<RequestRecord>(({key}, refused) =>
    log.warn({request: key, refused, maxRequests}, 'too many requests known'),
  );
  const cache = new WorkerCache({
    table: createWorkerTable(),
    clock,
    maxWorkers,
    onRefused: (workerName) => {
      metrics.refusedWorkers.inc();
      sayWorker(workerName);
    },
  });
  const queue = new RequestQueue({
    clock,
    random,
    limits: config.queue,
    onPlaced: (waitedMs) => metrics.queueDuration.observe(waitedMs / 1000),
    onRefused: (record) => {
      metrics.refusedRequests.inc();
      sayRequest(record);
    },
  });
  return {cache, queue, update: new PendingUpdate(), ledger: ledger(cache)};
}

/** What follows the state of workers: their signs of life, and the Nodes that they are made of. */
function createFollowing({config, transport, clock, random, log}: OperatorOptions, {cache}: Truth) {
  const health = new WorkerHealth({
    clock,
    log,
    lostAfterMs: config.lifecycle.workerLostSeconds * 1000,
    maxLostShare: config.lifecycle.maxLostShare,
  });
  const signs = new WorkerSigns({health, maxWorkers: config.queue.maxWorkers});
  const lostWorkers = new LostWorkers(cache);
  const nodeWorkers = new NodeWorkers({
    ...{transport, clock, random, log},
    cache,
    limits: {
      maxNodes: config.queue.maxWorkers,
      concurrency: fixedLimits.lifecycleConcurrency,
      intervalMs: fixedLimits.nodeRoundMs,
      backoffMaxMs: config.queue.backoffMaxMs,
    },
  });
  return {health, signs, lostWorkers, nodeWorkers};
}

/** What writes to the API server, and the router that tells it what to write. */
function createWriters(
  options: OperatorOptions,
  truth: Truth & ReturnType<typeof createFollowing>,
) {
  const {config, transport, clock, random, log, metrics, identity} = options;
  const {cache, queue, update} = truth;
  const api = {transport, clock, random, log};
  const writer: StatusWriter = new StatusWriter({
    ...api,
    limits: {
      ...config.status,
      maxRequests: config.batch.maxRequests,
      backoffBaseMs: config.queue.backoffBaseMs,
      backoffMaxMs: config.queue.backoffMaxMs,
    },
    decode: parseRequest,
    isKnown: (key, uid) => router.isKnown(key, uid),
    onOutcome: (intent, outcome) => {
      metrics.statusOutcomes.inc({for: intent.kind, outcome: outcome.kind});
      if (intent.kind === 'bind' && outcome.kind === 'written') {
        const note = `placed on worker ${intent.workerName}`;
        const {Placed: reason} = ScheduledReason;
        events.record(intent.record, {type: 'Normal', reason, action: 'Placing', note});
      }
      if (intent.kind === 'pending' && outcome.kind === 'refused') reporter.refused(intent);
      if (intent.kind === 'bind') concludeBind(intent, outcome, {cache, queue, update, router});
    },
  });
  const events = new EventRecorder({
    ...api,
    instance: identity,
    isBusy: () => writer.outstandingBinds > 0,
    onFate: (fate) => metrics.events.inc({fate}),
    limits: {
      ...config.events,
      maxWaiting: config.events.perSecond * fixedLimits.eventBacklogSeconds,
    },
  });
  const reporter = new Reporter({
    writer,
    takeUnreported: (max) => takeReasons(queue, max),
    onReport: ({record, reason, message}) =>
      events.record(record, {type: 'Warning', reason, action: 'Placing', note: message}),
    pageSize: fixedLimits.reportPageSize,
    clock,
    retryMs: config.queue.backoffMaxMs,
  });
  queue.onUnreported = () => reporter.poke();
  const lifecycle = new Lifecycle({
    ...api,
    worker: (name) => cache.worker(name),
    health: truth.health,
    onStep: (request, step) => {
      const event = stepEvent(step);
      if (event) events.record(request, event);
    },
    limits: {
      concurrency: fixedLimits.lifecycleConcurrency,
      baseMs: config.queue.backoffBaseMs,
      maxMs: config.queue.backoffMaxMs,
    },
  });
  const view = new WorkerView({
    ...api,
    worker: (name) => cache.worker(name),
    held: (name) => cache.usageOf(name),
    isBusy: () => writer.outstandingBinds > 0,
    intervalMs: config.status.workerIntervalMs,
  });
  const router: RequestRouter = new RequestRouter({
    queue,
    cache: {
      confirm(allocation, chosenKey) {
        cache.confirm(allocation, chosenKey);
        view.changed(allocation.workerName);
      },
      forget: (uid) => cache.forget(uid),
      isBound: (uid) => cache.isBound(uid),
      allocationOf: (uid) => cache.allocationOf(uid),
    },
    update,
    report: (waiting) => reporter.report({kind: 'pending', ...waiting}),
    onState: (request) => lifecycle.observe(request),
    onGone: (key, uid) => {
      reporter.forget(key);
      lifecycle.left(key, uid);
    },
  });
  return {writer, events, reporter, view, router, lifecycle};
}

/** What waiting requests do not say yet: first what was found, then that nobody had a look. */
function takeReasons(queue: RequestQueue, max: number): readonly PendingIntent[] {
  const page = queue.takeUnreported(max).map(({record, verdict}): PendingIntent => {
    const message = withNearest(verdict.message, verdict.nearest);
    return {kind: 'pending', record, reason: ScheduledReason.Unplaceable, message};
  });
  if (page.length > 0) return page;
  const {LedgerUnavailable, Outranked} = ScheduledReason;
  const heldUp = queue.takeHeldUp(max);
  if (heldUp.length > 0) return heldUp.map(saying(LedgerUnavailable, ledgerAwaitedMessage));
  return queue.takePassedOver(max).map(saying(Outranked, PASSED_OVER));
}

function saying(reason: ScheduledReason, message: string) {
  return (record: RequestRecord): PendingIntent => ({kind: 'pending', record, reason, message});
}

/**
 * A change that placement can see wakes the classes that it may help, and is shown on the Worker.
 */
function joinCacheChanges({
  cache,
  queue,
  view,
  lifecycle,
  nodeWorkers,
}: Pick<Stages, 'cache' | 'queue' | 'view' | 'lifecycle' | 'nodeWorkers'>): void {
  cache.onChange((change) => {
    const {kind, workerName} = change;
    nodeWorkers.changed(change);
    view.changed(workerName);
    if (kind === 'workerRemoved') lifecycle.workerChanged(uidsOn(cache.boundOn(workerName)));
    const worker = cache.worker(workerName);
    if (kind === 'workerRemoved' || !worker) return;
    const used = cache.usageOf(workerName);
    queue.wake(({demand, constraints}) => couldHold({worker, used, demand, constraints}));
  });
}

function* uidsOn(allocations: Iterable<Allocation>): Iterable<string> {
  for (const {uid} of allocations) yield uid;
}
