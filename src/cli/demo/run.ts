import {containerRequests, namespaces, pathOf, workers} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';
import {systemClock} from '../../lib/clock.ts';
import {Agent} from './agent.ts';
import {demoRequest, demoWorker} from './objects.ts';
import {Observer} from './observer.ts';
import type {DemoFigures, InsideFigures} from './report.ts';

export interface DemoRunOptions {
  readonly transport: Transport;
  /** Name of the namespace, the pool and the start of the workers' names: nothing else is touched. */
  readonly name: string;
  readonly requests: number;
  readonly workers: number;
  readonly targetMs: number;
  readonly server: string;
  readonly ledger: string;
  /** Says what happens at present, one line. */
  readonly progress: (line: string) => void;
  /** Starts the operator where none runs yet; resolves once it takes batches. */
  readonly startOperator: (signal: AbortSignal) => Promise<StartedOperator>;
}

export interface StartedOperator {
  /** What it measured of itself so far; undefined where it runs elsewhere. */
  readonly read: () => InsideFigures | undefined;
  /** Resolves once it has ended after the signal. */
  readonly stopped: Promise<void>;
}

const createConnections = 32;
const placedTimeoutMs = 30_000;
const acknowledgeTimeoutMs = 30_000;

/**
 * The main job from outside: workers, agents and the observer first, then the operator, then the
 * requests in fast succession. Removes everything that it created, also when it fails.
 */
export async function runDemo(options: DemoRunOptions): Promise<DemoFigures> {
  const {transport, name, progress} = options;
  const stop = new AbortController();
  const ending: Promise<void>[] = [];
  try {
    progress(`applying ${options.workers} Workers`);
    await send(transport, 'POST', pathOf(namespaces), {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {name},
    });
    const workerNames = numbered(`${name}-worker`, options.workers);
    await inParallel(workerNames, (workerName) =>
      send(transport, 'POST', pathOf(workers), demoWorker(workerName, name)),
    );
    return await observeRun(options, {workerNames, signal: stop.signal, ending});
  } finally {
    stop.abort();
    await Promise.allSettled(ending);
    progress('removing what the demo created');
    await cleanUp(options);
  }
}

async function observeRun(
  options: DemoRunOptions,
  run: {workerNames: readonly string[]; signal: AbortSignal; ending: Promise<void>[]},
): Promise<DemoFigures> {
  const {workerNames, signal, ending} = run;
  const {transport, name, progress} = options;
  const acknowledged = new Countdown(options.requests);
  const observer = new Observer({
    transport,
    clock: systemClock,
    namespace: name,
    workerPrefix: `${name}-worker`,
    onPlaced: (count) => {
      if (count % Math.max(1, Math.round(options.requests / 4)) === 0) progress(`${count} placed`);
    },
  });
  const watches = [(await observer.start(signal)).ended];
  progress(`starting ${workerNames.length} agents`);
  for (const workerName of workerNames) {
    const agent = new Agent({transport, workerName, onAcknowledged: acknowledged.one});
    watches.push((await agent.start(signal)).ended);
  }
  const broken = Promise.race(watches).then(() => undefined);
  // A watch that breaks fails the run; its end by `signal` is no news.
  broken.catch(() => {});
  const operator = await options.startOperator(signal);
  ending.push(operator.stopped);

  progress(`creating ${options.requests} ContainerRequests`);
  const requestNames = numbered('request', options.requests);
  const createdAtMs = new Map<string, number>();
  const startMs = systemClock.monotonicMs();
  await inParallel(requestNames, async (requestName) => {
    createdAtMs.set(requestName, systemClock.monotonicMs());
    const path = pathOf(containerRequests, {namespace: name});
    await send(transport, 'POST', path, demoRequest(requestName, name, name));
  });
  const createsMs = systemClock.monotonicMs() - startMs;
  const isPlaced = await Promise.race([observer.placed(options.requests, placedTimeoutMs), broken]);
  if (isPlaced) await acknowledged.done(acknowledgeTimeoutMs);
  const inside = operator.read();

  const placedAtMs = observer.placedAtMs;
  const latenciesMs = [...placedAtMs].map(([request, atMs]) => atMs - createdAtMs.get(request)!);
  return {
    server: options.server,
    ledger: options.ledger,
    requests: options.requests,
    workers: workerNames.length,
    targetMs: options.targetMs,
    totalMs: Math.max(...placedAtMs.values()) - startMs,
    createsMs,
    latenciesMs: latenciesMs.sort((left, right) => left - right),
    inside,
    placed: placedAtMs.size,
    acknowledged: acknowledged.count,
    distribution: observer.auditor.distribution(),
    affinityLevels: observer.affinityLevels,
    revisions: observer.auditor.revisions,
    violations: [
      ...observer.auditor.violations.map(
        ({rule, resourceVersion, sentence}) =>
          `${rule} at revision ${resourceVersion}: ${sentence}`,
      ),
      ...acknowledged.errors,
    ],
    waiting: observer.waitingReasons,
  };
}

/** Counts acknowledgements and lets one wait for all of them. */
class Countdown {
  readonly errors: string[] = [];
  readonly #total: number;
  readonly #all = Promise.withResolvers<void>();
  count = 0;

  constructor(total: number) {
    this.#total = total;
  }

  readonly one = (error?: Error): void => {
    if (error) this.errors.push(error.message);
    else this.count++;
    if (this.count + this.errors.length === this.#total) this.#all.resolve();
  };

  async done(timeoutMs: number): Promise<void> {
    const cancel = systemClock.setTimer(timeoutMs, this.#all.resolve);
    await this.#all.promise;
    cancel();
  }
}

async function cleanUp({transport, name}: DemoRunOptions): Promise<void> {
  const query = {labelSelector: `berth.dev/demo=${name}`};
  await transport.send({method: 'DELETE', path: pathOf(containerRequests, {namespace: name})});
  await transport.send({method: 'DELETE', path: pathOf(workers), query});
  await transport.send({method: 'DELETE', path: pathOf(namespaces, {name})});
}

async function send(
  transport: Transport,
  method: 'POST',
  path: string,
  body: object,
): Promise<void> {
  await sendOrThrow(transport, {method, path, body});
}

function numbered(prefix: string, count: number): readonly string[] {
  const digits = String(count).length;
  return Array.from(
    {length: count},
    (_, index) => `${prefix}-${String(index + 1).padStart(digits, '0')}`,
  );
}

async function inParallel<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lanes = Array.from({length: createConnections}, async () => {
    for (const item of left) await run(item);
  });
  await Promise.all(lanes);
}
