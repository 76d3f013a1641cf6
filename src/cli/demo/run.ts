import {namespaces, pathOf, workers} from '../../kube/resource.ts';
import type {Transport} from '../../kube/transport.ts';
import {sleep, systemClock} from '../../lib/clock.ts';
import {cleanUp} from '../burst/cleanUp.ts';
import {createBurst} from '../burst/floor.ts';
import {inLanes} from '../burst/inLanes.ts';
import {burstNamespace, burstWorker, create, numbered} from '../burst/objects.ts';
import {Observer} from '../burst/observer.ts';
import {outcomeOf, valueAfter} from '../burst/outcome.ts';
import {Agent} from './agent.ts';
import type {DemoFigures, InsideFigures} from './figures.ts';

export interface DemoRunOptions {
  readonly transport: Transport;
  /**
   * Name of the namespace, the pool and the start of the workers' names: nothing else is touched.
   */
  readonly name: string;
  readonly requests: number;
  readonly workers: number;
  readonly targetMs: number;
  readonly server: string;
  readonly ledger: string;
  /** Says what happens at present, one line. */
  readonly progress: (line: string) => void;
  /** Ends it early; what was created is removed all the same. */
  readonly signal: AbortSignal;
  /** Starts the operator where none runs yet. */
  readonly startOperator: (signal: AbortSignal) => StartedOperator;
}

export interface StartedOperator {
  /** Resolves once it takes batches. */
  readonly ready: Promise<void>;
  /** What it measured of itself so far; undefined where it runs elsewhere. */
  readonly read: () => InsideFigures | undefined;
  /** Resolves once it has ended after the signal. */
  readonly stopped: Promise<void>;
}

/** A run beyond its target is waited for as well, so that the report can say by how much. */
const leastTimeoutMs = 30_000;
/** When all others say why they wait, and nothing has changed for so long, nothing will. */
const quietMs = 3_000;

/**
 * The main job from outside: workers, agents and the observer first, then the operator, then the
 * requests in fast succession. Removes everything that it created, also when it fails.
 */
export async function runDemo(options: DemoRunOptions): Promise<DemoFigures> {
  const stop = new AbortController();
  const run: Run = {signal: AbortSignal.any([options.signal, stop.signal]), ending: []};
  const outcome = await outcomeOf(observeRun(options, run), options.signal);
  stop.abort();
  await Promise.allSettled(run.ending);
  options.progress('removing what the demo created');
  return valueAfter(outcome, await outcomeOf(cleanUp({...options, what: 'demo'})));
}

interface Run {
  readonly signal: AbortSignal;
  /** What must have ended before anything is removed. */
  readonly ending: Promise<void>[];
}

async function observeRun(options: DemoRunOptions, {signal, ending}: Run): Promise<DemoFigures> {
  const {transport, name, progress, requests} = options;
  progress(`applying ${options.workers} Workers`);
  await create(transport, pathOf(namespaces), burstNamespace(name));
  const workerNames = numbered(`${name}-worker`, options.workers);
  const createWorker = async (workerName: string) => {
    await create(transport, pathOf(workers), burstWorker(workerName, name));
  };
  await inLanes(workerNames, createWorker, signal);
  const acknowledged = new Countdown(requests);
  const observer = new Observer({
    transport,
    clock: systemClock,
    namespace: name,
    workerPrefix: `${name}-worker`,
    onPlaced: (count) => {
      if (count % Math.max(1, Math.round(requests / 4)) === 0) progress(`${count} placed`);
    },
  });
  const watches = [(await observer.start(signal)).ended];
  progress(`starting ${workerNames.length} agents`);
  for (const workerName of workerNames) {
    const agent = new Agent({transport, workerName, onAcknowledged: acknowledged.one});
    watches.push((await agent.start(signal)).ended);
  }
  const operator = options.startOperator(signal);
  ending.push(operator.stopped);
  // What breaks fails the run; an end by `signal` is no news.
  const ended = operator.stopped.then(() => {
    if (!signal.aborted) throw new Error('Cannot finish the demo: its operator ended by itself');
  });
  const broken = Promise.race([...watches, ended]);
  broken.catch(() => {});
  await operator.ready;

  progress(`creating ${requests} ContainerRequests`);
  const createdAtMs = new Map<string, number>();
  const startMs = systemClock.monotonicMs();
  await createBurst({
    ...{transport, namespace: name, poolName: name, signal},
    names: numbered('request', requests),
    onSent: (requestName) => createdAtMs.set(requestName, systemClock.monotonicMs()),
  });
  const createsMs = systemClock.monotonicMs() - startMs;
  const timeoutMs = Math.max(leastTimeoutMs, 2 * options.targetMs);
  await Promise.race([observer.settled(requests, {timeoutMs, quietMs}, signal), broken]);
  const placed = observer.placedAtMs.size;
  await Promise.race([acknowledged.reached(placed, leastTimeoutMs, signal), broken]);
  signal.throwIfAborted();
  const times = {startMs, createsMs, createdAtMs};
  return figuresOf(options, {observer, acknowledged, inside: operator.read(), times});
}

function figuresOf(
  options: DemoRunOptions,
  seen: {
    observer: Observer;
    acknowledged: Countdown;
    inside: InsideFigures | undefined;
    times: {startMs: number; createsMs: number; createdAtMs: ReadonlyMap<string, number>};
  },
): DemoFigures {
  const {observer, acknowledged, inside, times} = seen;
  const {placedAtMs, auditor} = observer;
  const latenciesMs = [...placedAtMs].map(
    ([request, atMs]) => atMs - times.createdAtMs.get(request)!,
  );
  const violations = auditor.violations.map(
    ({rule, resourceVersion, sentence}) => `${rule} at revision ${resourceVersion}: ${sentence}`,
  );
  return {
    server: options.server,
    ledger: options.ledger,
    requests: options.requests,
    workers: options.workers,
    targetMs: options.targetMs,
    totalMs: placedAtMs.size === 0 ? undefined : Math.max(...placedAtMs.values()) - times.startMs,
    createsMs: times.createsMs,
    latenciesMs: latenciesMs.sort((left, right) => left - right),
    inside,
    placed: placedAtMs.size,
    acknowledged: acknowledged.count,
    distribution: auditor.distribution(),
    affinityLevels: observer.affinityLevels,
    revisions: auditor.revisions,
    violations: [...violations, ...acknowledged.errors],
    waiting: observer.waitingReasons,
  };
}

/** Counts acknowledgements and lets one wait for them. */
class Countdown {
  readonly errors: string[] = [];
  #wanted: number;
  readonly #all = Promise.withResolvers<void>();
  count = 0;

  constructor(total: number) {
    this.#wanted = total;
  }

  readonly one = (error?: Error): void => {
    if (error) this.errors.push(error.message);
    else this.count++;
    this.#check();
  };

  /** Resolves once as many have come, `timeoutMs` have passed, or `signal` aborts. */
  async reached(wanted: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#wanted = wanted;
    this.#check();
    const over = new AbortController();
    const wait = sleep(systemClock, timeoutMs, AbortSignal.any([signal, over.signal]));
    await Promise.race([this.#all.promise, wait]);
    over.abort();
  }

  #check(): void {
    if (this.count + this.errors.length >= this.#wanted) this.#all.resolve();
  }
}
