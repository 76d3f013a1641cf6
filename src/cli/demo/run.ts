import {containerRequests, namespaces, pathOf, workers} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';
import {sleep, systemClock} from '../../lib/clock.ts';
import {errorOf} from '../../lib/errorOf.ts';
import {Agent} from './agent.ts';
import {cleanUp} from './cleanUp.ts';
import type {DemoFigures, InsideFigures} from './figures.ts';
import {demoNamespace, demoRequest, demoWorker} from './objects.ts';
import {Observer} from './observer.ts';

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

const createConnections = 32;
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
  const outcome = await settle(observeRun(options, run), options.signal);
  stop.abort();
  await Promise.allSettled(run.ending);
  options.progress('removing what the demo created');
  const removed = await settle(cleanUp(options));
  const errors = [outcome, removed].flatMap((one) => ('error' in one ? [one.error] : []));
  if (errors.length > 1) throw new Error(errors.map(({message}) => message).join('; '));
  if ('error' in outcome) throw outcome.error;
  if ('error' in removed) throw removed.error;
  return outcome.value;
}

interface Run {
  readonly signal: AbortSignal;
  /** What must have ended before anything is removed. */
  readonly ending: Promise<void>[];
}

async function observeRun(options: DemoRunOptions, {signal, ending}: Run): Promise<DemoFigures> {
  const {transport, name, progress, requests} = options;
  progress(`applying ${options.workers} Workers`);
  await create(transport, pathOf(namespaces), demoNamespace(name));
  const workerNames = numbered(`${name}-worker`, options.workers);
  await inParallel(workerNames, signal, (workerName) =>
    create(transport, pathOf(workers), demoWorker(workerName, name)),
  );
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
  await inParallel(numbered('request', requests), signal, async (requestName) => {
    createdAtMs.set(requestName, systemClock.monotonicMs());
    const path = pathOf(containerRequests, {namespace: name});
    await create(transport, path, demoRequest(requestName, name, name));
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

async function create(transport: Transport, path: string, body: object): Promise<void> {
  await sendOrThrow(transport, {method: 'POST', path, body});
}

function numbered(prefix: string, count: number): readonly string[] {
  const digits = String(count).length;
  return Array.from(
    {length: count},
    (_, index) => `${prefix}-${String(index + 1).padStart(digits, '0')}`,
  );
}

/**
 * Runs over all items. After a failure or an abort no further one begins, and those under way are
 * waited for: what they create must be there to be removed.
 */
async function inParallel<T>(
  items: readonly T[],
  signal: AbortSignal,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const over = AbortSignal.any([signal, failure.signal]);
  const left = items.values();
  const lanes = Array.from({length: createConnections}, async () => {
    for (const item of left) {
      if (over.aborted) return;
      await run(item).catch((error: unknown) => failure.abort(error));
    }
  });
  await Promise.all(lanes);
  over.throwIfAborted();
}

type Settled<T> = {readonly value: T} | {readonly error: Error};

/** Once `signal` has aborted, its reason says more than whatever call it broke off. */
async function settle<T>(promise: Promise<T>, signal?: AbortSignal): Promise<Settled<T>> {
  try {
    return {value: await promise};
  } catch (thrown) {
    return {error: errorOf(signal?.aborted ? signal.reason : thrown)};
  }
}
