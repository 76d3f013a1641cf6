import type {ContainerRequest} from '../api/containerRequestSchema.ts';
import {FinishedReason} from '../api/reasons.ts';
import type {ParsedRequest, WorkerRecord} from '../api/records.ts';
import {containerRequests, pathOf, pods} from '../kube/resource.ts';
import {type ApiCall, ApiError, sendOrThrow, type Transport} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';
import type {Clock} from '../lib/clock.ts';
import {
  concludePatch,
  finishPatch,
  podRefusedPatch,
  runPatch,
  unbindPatch,
} from '../status/lifecyclePatch.ts';
import type {Step} from './nextStep.ts';
import {podTemplate} from './podTemplate.ts';

export interface StepWriterOptions {
  readonly transport: Transport;
  readonly worker: (name: string) => WorkerRecord | undefined;
  readonly clock: Clock;
}

/**
 * Carries out the steps of requests: each is one write, refused unless the object is what was
 * judged.
 */
export class StepWriter {
  readonly #options: StepWriterOptions;

  constructor(options: StepWriterOptions) {
    this.#options = options;
  }

  /**
   * Returns what was done: the step, or the one that its refusal called for.
   * @throws ApiError or TransportError where it is to be judged again
   */
  async write(request: ParsedRequest, step: Step, signal: AbortSignal): Promise<Step> {
    const nowMs = this.#options.clock.nowMs();
    switch (step.kind) {
      case 'nothing':
      case 'wait':
        return step;
      case 'deleteRequest': {
        const {uid, resourceVersion} = request;
        const body = {preconditions: {uid, resourceVersion}, propagationPolicy: 'Background'};
        await this.#send(
          {method: 'DELETE', path: pathOf(containerRequests, request), body},
          signal,
        );
        return step;
      }
      case 'deletePod': {
        const body = {preconditions: {uid: step.pod.uid}};
        await this.#send({method: 'DELETE', path: pathOf(pods, step.pod), body}, signal);
        return step;
      }
      case 'createPod':
        return this.#createPod(request, signal);
      case 'run':
        await this.#patch(request, runPatch(request, step, nowMs), signal);
        return step;
      case 'finish':
        await this.#patch(request, finishPatch(request, step, nowMs), signal);
        return step;
      case 'conclude': {
        const object = await this.#read(request, signal);
        if (object) await this.#patch(request, concludePatch(object, nowMs), signal);
        return step;
      }
      case 'unbind':
        await this.#patch(request, unbindPatch(request, step, nowMs), signal);
        return step;
      default:
        return assertNever(step);
    }
  }

  async #createPod(request: ParsedRequest, signal: AbortSignal): Promise<Step> {
    const {transport, worker} = this.#options;
    if (request.kind !== 'valid' || request.placement === undefined) return {kind: 'nothing'};
    const {placement} = request;
    const record = worker(placement.workerName);
    // The record holds no container: most requests never become a Pod, and 100,000 are in memory.
    const object = await this.#read(request, signal);
    if (!record || !object || object.status?.assignment?.id !== placement.assignmentId) {
      return {kind: 'nothing'};
    }
    const call: ApiCall = {
      method: 'POST',
      path: pathOf(pods, {namespace: request.namespace}),
      body: podTemplate(object, {...request, placement}, record),
    };
    const reply = await transport.send(call, signal);
    if (reply.status < 400) return {kind: 'createPod'};
    const refusal = new ApiError(call, reply);
    if (reply.status === 400 || reply.status === 422)
      return this.#refused(request, refusal, signal);
    if (reply.status === 403) await this.#reportRefusal(request, refusal, signal);
    throw refusal;
  }

  /** No later try would be taken: the Pod that the spec describes is none. */
  async #refused(request: ParsedRequest, {message}: ApiError, signal: AbortSignal): Promise<Step> {
    const step = {
      kind: 'finish',
      phase: 'Failed',
      reason: FinishedReason.PodRefused,
      message: message.slice(0, maxMessageLength),
      exitCode: undefined,
    } as const;
    await this.#patch(request, finishPatch(request, step, this.#options.clock.nowMs()), signal);
    return step;
  }

  /**
   * A quota, a policy or a ServiceAccount that is missing: somebody can mend it, so say it and go
   * on trying.
   */
  async #reportRefusal(request: ParsedRequest, {message}: ApiError, signal: AbortSignal) {
    const why = message.slice(0, maxMessageLength);
    const patch = podRefusedPatch(request, why, this.#options.clock.nowMs());
    if (patch) await this.#patch(request, patch, signal);
  }

  /** Undefined when another object has its name by now. */
  async #read(request: ParsedRequest, signal: AbortSignal): Promise<ContainerRequest | undefined> {
    const path = pathOf(containerRequests, {namespace: request.namespace, name: request.name});
    const call: ApiCall = {method: 'GET', path};
    const object = await sendOrThrow<ContainerRequest>(this.#options.transport, call, signal);
    return object.metadata.uid === request.uid ? object : undefined;
  }

  async #patch({namespace, name}: ParsedRequest, body: object, signal: AbortSignal) {
    await this.#send(
      {
        method: 'PATCH',
        path: pathOf(containerRequests, {namespace, name, subresource: 'status'}),
        contentType: 'application/merge-patch+json',
        query: {fieldManager: 'berth'},
        body,
      },
      signal,
    );
  }

  async #send(call: ApiCall, signal: AbortSignal): Promise<void> {
    await sendOrThrow(this.#options.transport, call, signal);
  }
}

const maxMessageLength = 1024;
