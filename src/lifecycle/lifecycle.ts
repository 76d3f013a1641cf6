import type {ParsedRequest, RequestKey, WorkerRecord} from '../api/records.ts';
import {isOlder} from '../api/resourceVersion.ts';
import {ApiError, type Transport, TransportError} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import type {BackoffRange} from '../lib/fullJitter.ts';
import {Gate} from '../lib/gate.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import {RoundRobin} from '../lib/roundRobin.ts';
import {TimeSlice} from '../lib/timeSlice.ts';
import {nextStep, type PodRecord, type Step} from './nextStep.ts';
import {StepWriter} from './stepWriter.ts';
import {Tries} from './tries.ts';

export interface LifecycleOptions {
  readonly transport: Transport;
  readonly worker: (name: string) => WorkerRecord | undefined;
  /** The workers that count as lost at this moment. */
  readonly health: {lost(): ReadonlySet<string>};
  /** Told of each step taken, for Events and metrics. */
  readonly onStep: (request: ParsedRequest, step: Step) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: {readonly concurrency: number} & BackoffRange;
}

/**
 * What follows a placement: Pods of requests on Kubernetes nodes, ends, deadlines, lost workers.
 * Every change only marks its request; `run` takes the marked ones and does the next step of each.
 * A step that fails is judged again from the state as it is then, and never taken twice upon one
 * state without a backoff.
 */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #writer: StepWriter;
  readonly #tries: Tries;
  readonly #requests = new Map<RequestKey, ParsedRequest>();
  readonly #keys = new Map<string, RequestKey>();
  readonly #pods = new Map<string, Map<string, PodRecord>>();
  readonly #marked = new Set<RequestKey>();
  readonly #turns = new RoundRobin(this.#marked);
  /**
   * With a step under way: a second one at once would be judged upon a state that is about to
   * change.
   */
  readonly #busy = new Set<RequestKey>();
  readonly #timers = new Map<RequestKey, () => void>();
  #lost: ReadonlySet<string> = new Set();
  readonly #gate = new Gate();
  readonly #slice: TimeSlice;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#slice = new TimeSlice(options.clock);
    this.#writer = new StepWriter(options);
    this.#tries = new Tries({...options, backoff: options.limits});
  }

  observe(request: ParsedRequest): void {
    const known = this.#requests.get(request.key);
    if (known && isOutdated(request, known)) return;
    this.#requests.set(request.key, request);
    this.#keys.set(request.uid, request.key);
    this.#mark(request.key);
  }

  /**
   * The request left the ones that are decided upon: it is deleted, or it has ended. In the latter
   * case its end may be known already, as the two are watched apart.
   */
  left(key: RequestKey, uid: string): void {
    if (this.#requests.get(key)?.kind !== 'finished') this.gone(key, uid);
  }

  /** The request is deleted; another one may have its name by now. */
  gone(key: RequestKey, uid: string): void {
    this.#keys.delete(uid);
    if (this.#requests.get(key)?.uid !== uid) return;
    this.#requests.delete(key);
    this.#marked.delete(key);
    this.#tries.forget(key);
    this.#cancelTimer(key);
  }

  observePod(pod: PodRecord): void {
    const ofRequest = this.#pods.get(pod.requestUid) ?? new Map<string, PodRecord>();
    this.#pods.set(pod.requestUid, ofRequest.set(pod.uid, pod));
    this.#markUid(pod.requestUid);
  }

  podGone({uid, requestUid}: Pick<PodRecord, 'uid' | 'requestUid'>): void {
    const ofRequest = this.#pods.get(requestUid);
    ofRequest?.delete(uid);
    if (ofRequest?.size === 0) this.#pods.delete(requestUid);
    this.#markUid(requestUid);
  }

  /** Marks requests, by uid, whose worker changed. */
  workerChanged(uids: Iterable<string>): void {
    for (const uid of uids) this.#markUid(uid);
  }

  /** Judges anew which workers are lost, and marks the requests on those where that has changed. */
  judgeWorkers(): ReadonlySet<string> {
    const before = this.#lost;
    this.#lost = this.#options.health.lost();
    if (before.size === 0 && this.#lost.size === 0) return this.#lost;
    for (const [key, request] of this.#requests) {
      if (request.kind === 'finished' || request.placement === undefined) continue;
      const {workerName} = request.placement;
      if (before.has(workerName) !== this.#lost.has(workerName)) this.#mark(key);
    }
    return this.#lost;
  }

  /**
   * Takes the steps of marked requests until `signal` aborts. Only for a leader, and only once
   * requests, Workers and Pods are all read: what is not there counts as gone.
   */
  async run(signal: AbortSignal): Promise<void> {
    for (const key of this.#requests.keys()) this.#mark(key);
    const lanes = Array.from({length: this.#options.limits.concurrency}, () =>
      this.#runLane(signal),
    );
    await Promise.all(lanes);
    for (const key of [...this.#timers.keys()]) this.#cancelTimer(key);
  }

  async #runLane(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const request = this.#takeMarked();
      if (request === undefined) {
        await this.#gate.wait(signal);
        continue;
      }
      this.#busy.add(request.key);
      await this.#advance(request, signal);
      this.#busy.delete(request.key);
      if (this.#slice.isOver) await this.#slice.rest();
    }
  }

  async #advance(request: ParsedRequest, signal: AbortSignal): Promise<void> {
    const {log, onStep} = this.#options;
    const {key} = request;
    const step = this.#slice.work(() => this.#stepOf(request));
    if (step.kind === 'nothing') return;
    if (step.kind === 'wait') return this.#lookAgainIn(key, step.delayMs);
    const delayMs = this.#tries.begin(request, step);
    if (delayMs > 0) return this.#lookAgainIn(key, delayMs);
    try {
      onStep(request, await this.#writer.write(request, step, signal));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError || error instanceof TransportError)) throw error;
      const askedMs = error instanceof ApiError ? error.retryAfterMs : undefined;
      // Of a conflict the newer state is on its way here, or here already.
      this.#lookAgainIn(key, this.#tries.failed(key, askedMs));
      const isOutdated =
        error instanceof ApiError && (error.status === 409 || error.status === 404);
      const keys = {request: key, step: step.kind, cause: error.message};
      if (isOutdated) log.debug(keys, 'lifecycle step came too late; judging anew');
      else log.warn(keys, 'lifecycle step failed; trying again');
    }
  }

  #stepOf(request: ParsedRequest): Step {
    const {clock, worker} = this.#options;
    const workerName = request.kind === 'finished' ? undefined : request.placement?.workerName;
    return nextStep(request, {
      nowMs: clock.nowMs(),
      worker: workerName === undefined ? undefined : worker(workerName),
      isWorkerLost: workerName !== undefined && this.#lost.has(workerName),
      pods: [...(this.#pods.get(request.uid)?.values() ?? [])],
    });
  }

  #mark(key: RequestKey): void {
    this.#cancelTimer(key);
    this.#marked.add(key);
    this.#gate.openForOne();
  }

  #markUid(uid: string): void {
    const key = this.#keys.get(uid);
    if (key !== undefined) this.#mark(key);
  }

  #takeMarked(): ParsedRequest | undefined {
    // Who was busy at this turn may not be at the next: so none waits only after a whole one.
    let ends = 0;
    while (this.#marked.size > 0 && ends < 2) {
      const key = this.#turns.next();
      if (key === undefined) {
        ends++;
        continue;
      }
      if (this.#busy.has(key)) continue;
      this.#marked.delete(key);
      const request = this.#requests.get(key);
      if (request) return request;
    }
    return undefined;
  }

  /** Unless it is marked already, as something changed while its step was under way. */
  #lookAgainIn(key: RequestKey, delayMs: number): void {
    if (this.#marked.has(key) || !this.#requests.has(key)) return;
    this.#cancelTimer(key);
    const cancel = this.#options.clock.setTimer(Math.min(delayMs, maxTimerMs), () => {
      this.#timers.delete(key);
      this.#mark(key);
    });
    this.#timers.set(key, cancel);
  }

  #cancelTimer(key: RequestKey): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }
}

/**
 * Requests that have ended are watched apart, and each watch may lag behind the other: an end is
 * not undone by a state before it, nor a request replaced by one that had its name before.
 */
function isOutdated(request: ParsedRequest, known: ParsedRequest): boolean {
  const isOther = known.uid !== request.uid || known.kind === 'finished';
  return isOther && isOlder(request.resourceVersion, known.resourceVersion);
}

/** A timer of a longer delay would overflow its 31 bits and fire at once. */
const maxTimerMs = 2 ** 31 - 1;
