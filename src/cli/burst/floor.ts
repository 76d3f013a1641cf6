import {containerRequests, pathOf} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';
import {type Clock, systemClock} from '../../lib/clock.ts';
import {microTime, secondTime} from '../../lib/timestamp.ts';
import {inLanes} from './inLanes.ts';
import {type BurstMix, burstRequest} from './objects.ts';

export interface BurstOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly poolName: string;
  readonly names: readonly string[];
  /** CPU alone when absent. */
  readonly mix?: BurstMix;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

export interface CreateBurstOptions extends BurstOptions {
  readonly onSent?: (name: string) => void;
}

/** Creates the requests in fast succession; resolves when the last one is created. */
export async function createBurst({
  onSent,
  names,
  signal,
  ...of
}: CreateBurstOptions): Promise<void> {
  const send = async (name: string) => {
    onSent?.(name);
    await createWaiting({...of, name});
  };
  await inLanes(names, send, signal);
}

export interface OneRequest
  extends Pick<BurstOptions, 'transport' | 'namespace' | 'poolName' | 'mix'> {
  readonly name: string;
  /** Of each call; the default of its lane when absent. */
  readonly timeoutMs?: number;
}

/** Creates one request and leaves the rest to the operator. */
export async function createWaiting(request: OneRequest): Promise<void> {
  await post(request);
}

/**
 * The floor: the same creates, and for each a merge patch of the status with the same content, by a
 * client that does nothing else: no watch, no decision, no ledger. A lane creates and then patches,
 * so that neither kind of write waits for the other. A placement itself is a PUT, which costs the
 * server a tenth less (`status/attempt.ts`): the floor stays what clients of Kubernetes do.
 */
export async function runFloor(burst: BurstOptions, clock: Clock = systemClock): Promise<number> {
  const startMs = clock.monotonicMs();
  await createFinished(burst);
  return clock.monotonicMs() - startMs;
}

/** Creates requests that are finished at once: no operator takes them for its own. */
export async function createFinished({names, signal, ...of}: BurstOptions): Promise<void> {
  await inLanes(names, (name) => createPatched({...of, name}), signal);
}

export interface PatchedRequest extends OneRequest {
  /** Connections of the patch, so that it need not wait behind creates; the same when absent. */
  readonly patches?: Transport;
}

/** Creates one request, and patches its status: it is placed, and finished. */
export async function createPatched(request: PatchedRequest): Promise<void> {
  const {transport, patches = transport, namespace, poolName, name, timeoutMs} = request;
  const {uid, resourceVersion} = (await post(request)).metadata;
  await sendOrThrow(patches, {
    method: 'PATCH',
    path: pathOf(containerRequests, {namespace, name, subresource: 'status'}),
    contentType: 'application/merge-patch+json',
    body: {metadata: {uid, resourceVersion}, status: floorStatus(`${poolName}-worker-01`)},
    ...(timeoutMs !== undefined && {timeoutMs}),
  });
}

function post({transport, namespace, poolName, name, mix, timeoutMs}: OneRequest) {
  return sendOrThrow<{metadata: {uid: string; resourceVersion: string}}>(transport, {
    method: 'POST',
    path: pathOf(containerRequests, {namespace}),
    body: burstRequest(name, namespace, poolName, mix),
    ...(timeoutMs !== undefined && {timeoutMs}),
  });
}

/**
 * As many bytes as a placement on such a worker writes; a finished request, so that no operator
 * takes it for its own.
 */
export function floorStatus(workerName: string): object {
  const nowMs = systemClock.nowMs();
  const condition = (type: string, status: string, message: string) => ({
    ...{type, status, reason: 'Placed', message},
    observedGeneration: 1,
    lastTransitionTime: secondTime(nowMs),
  });
  return {
    phase: 'Succeeded',
    workerName,
    assignment: {id: '1.17.12', epoch: 1, cycle: 17, gpuDevices: [], affinity: 'None'},
    attempts: 1,
    scheduledTime: microTime(nowMs),
    observedGeneration: 1,
    conditions: [
      condition('Scheduled', 'True', `placed on worker ${workerName}`),
      condition('Ready', 'False', 'its container has not started yet'),
    ],
  };
}
