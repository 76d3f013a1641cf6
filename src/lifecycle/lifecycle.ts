import type {ContainerRequest} from '../api/containerRequestSchema.ts';
import type {ParsedRequest, RequestKey, WorkerRecord} from '../api/records.ts';
import {containerRequests, pathOf, pods} from '../kube/resource.ts';
import {type ApiCall, ApiError, sendOrThrow, type Transport} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {Gate} from '../lib/gate.ts';
import type {Log} from '../observe/log.ts';
import {finishPatch, runPatch, unbindPatch} from '../status/lifecyclePatch.ts';
import {nextStep, type PodRecord, type Step} from './nextStep.ts';
import {podTemplate} from './podTemplate.ts';
import type {WorkerHealth} from './workerHealth.ts';

export interface LifecycleOptions {
  readonly transport: Transport;
  readonly worker: (name: string) => WorkerRecord | undefined;
  readonly health: WorkerHealth;
  /** Told of each step taken, for Events and metrics. */
  readonly onStep: (request: ParsedRequest, step: Step) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: {readonly concurrency: number; readonly retryMs: number};
}

/**
 * What follows a placement: Pods of requests on Kubernetes nodes, ends, deadlines, lost workers. Every
 * change only marks its request; `run` takes the marked ones and does the next step of each. A step that
 * fails is taken again from the state as it is then.
 */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #requests = new Map<RequestKey, ParsedRequest>();
  readonly #keys = new Map<string, RequestKey>();
  readonly #pods = new Map<string, Map<string, PodRecord>>();
  readonly #marked = new Set<RequestKey>();
  readonly #timers = new Map<RequestKey, () => void>();
  #lost: ReadonlySet<string> = new Set();
  readonly #gate = new Gate();

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  observe(request: ParsedRequest): void {
    this.#requests.set(request.key, request);
    this.#keys.set(request.uid, request.key);
    this.#mark(request.key);
  }

  gone(key: RequestKey, uid: string): void {
    this.#requests.delete(key);
    this.#keys.delete(uid);
    this.#marked.delete(key);
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

  /** Marks what sits on workers that are gone, or whose loss was judged anew. */
  judgeWorkers(): void {
    const {health, worker} = this.#options;
    const before = this.#lost;
    this.#lost = health.lost();
    for (const [key, request] of this.#requests) {
      if (request.kind !== 'valid' || request.placement === undefined) continue;
      const {workerName} = request.placement;
      const changed = before.has(workerName) !== this.#lost.has(workerName);
      if (changed || worker(workerName) === undefined) this.#mark(key);
    }
  }

  /** Takes the steps of marked requests until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const {limits} = this.#options;
    const lanes = Array.from({length: limits.concurrency}, () => this.#runLane(signal));
    await Promise.all(lanes);
    for (const key of [...this.#timers.keys()]) this.#cancelTimer(key);
  }

  async #runLane(signal: AbortSignal): Promise<void> {
    const {clock, log, limits} = this.#options;
    while (!signal.aborted) {
      const key = this.#takeMarked();
      if (key === undefined) {
        await this.#gate.wait(signal);
        continue;
      }
      const request = this.#requests.get(key);
      if (!request) continue;
      const step = this.#stepOf(request);
      if (step.kind === 'nothing') this.#letGo(request);
      else if (step.kind === 'wait') this.#waitFor(key, step.delayMs);
      else {
        try {
          await this.#take(request, step, signal);
          this.#options.onStep(request, step);
        } catch (error) {
          if (signal.aborted) return;
          // A conflict means a newer state is on its way here; it will be judged by itself.
          if (error instanceof ApiError && (error.status === 409 || error.status === 404)) continue;
          log.warn(
            {request: key, step: step.kind, cause: String(error)},
            'lifecycle step failed; trying again',
          );
          await sleep(clock, limits.retryMs, signal);
          this.#mark(key);
        }
      }
    }
  }

  #stepOf(request: ParsedRequest): Step {
    const {clock, worker} = this.#options;
    const workerName = request.kind === 'valid' ? request.placement?.workerName : undefined;
    return nextStep(request, {
      nowMs: clock.nowMs(),
      worker: workerName === undefined ? undefined : worker(workerName),
      isWorkerLost: workerName !== undefined && this.#lost.has(workerName),
      pods: [...(this.#pods.get(request.uid)?.values() ?? [])],
    });
  }

  async #take(request: ParsedRequest, step: Step, signal: AbortSignal): Promise<void> {
    const {transport, clock} = this.#options;
    const nowMs = clock.nowMs();
    const send = (call: ApiCall) => sendOrThrow(transport, call, signal);
    switch (step.kind) {
      case 'nothing':
      case 'wait':
        return;
      case 'deleteRequest': {
        const {uid, resourceVersion} = request;
        const body = {preconditions: {uid, resourceVersion}, propagationPolicy: 'Background'};
        await send({method: 'DELETE', path: pathOf(containerRequests, request), body});
        return;
      }
      case 'deletePod': {
        const {uid} = step.pod;
        await send({method: 'DELETE', path: pathOf(pods, step.pod), body: {preconditions: {uid}}});
        return;
      }
      case 'createPod':
        await this.#createPod(request, signal);
        return;
      case 'run':
        await send(statusCall(request, runPatch(request, step, nowMs)));
        return;
      case 'finish':
        await send(statusCall(request, finishPatch(request, step, nowMs)));
        return;
      case 'unbind':
        await send(statusCall(request, unbindPatch(request, step, nowMs)));
        return;
      default:
        assertNever(step);
    }
  }

  async #createPod(request: ParsedRequest, signal: AbortSignal): Promise<void> {
    const {transport, worker} = this.#options;
    if (request.kind !== 'valid' || request.placement === undefined) return;
    const {workerName} = request.placement;
    const nodeName = worker(workerName)?.nodeName;
    if (nodeName === undefined) return;
    // The record holds no container: most requests never become a Pod, and 100,000 are in memory.
    const path = pathOf(containerRequests, {namespace: request.namespace, name: request.name});
    const object = await sendOrThrow<ContainerRequest>(transport, {method: 'GET', path}, signal);
    const body = podTemplate(object, request, {nodeName, workerName});
    await sendOrThrow(
      transport,
      {method: 'POST', path: pathOf(pods, {namespace: request.namespace}), body},
      signal,
    );
  }

  #mark(key: RequestKey): void {
    this.#cancelTimer(key);
    this.#marked.add(key);
    this.#gate.open();
  }

  #markUid(uid: string): void {
    const key = this.#keys.get(uid);
    if (key !== undefined) this.#mark(key);
  }

  #takeMarked(): RequestKey | undefined {
    for (const key of this.#marked) {
      this.#marked.delete(key);
      return key;
    }
    return undefined;
  }

  /** A finished request without a time to live has no next step, ever: its record is not kept. */
  #letGo(request: ParsedRequest): void {
    if (request.kind !== 'finished' || this.#pods.has(request.uid)) return;
    this.#requests.delete(request.key);
    this.#keys.delete(request.uid);
  }

  #waitFor(key: RequestKey, delayMs: number): void {
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

/** A timer of a longer delay would overflow its 31 bits and fire at once. */
const maxTimerMs = 2 ** 31 - 1;

function statusCall(request: ParsedRequest, body: object): ApiCall {
  return {
    method: 'PATCH',
    path: pathOf(containerRequests, {
      namespace: request.namespace,
      name: request.name,
      subresource: 'status',
    }),
    contentType: 'application/merge-patch+json',
    query: {fieldManager: 'berth'},
    body,
  };
}
