import {containerRequests, pathOf} from '../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../src/kube/transport.ts';
import {systemClock} from '../src/lib/clock.ts';
import {inLanes} from '../test/servers/inLanes.ts';

export interface BurstOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly poolName: string;
  readonly names: readonly string[];
}

/** Creates the requests in fast succession; resolves when the last one is created. */
export async function createBurst({
  transport,
  namespace,
  poolName,
  names,
}: BurstOptions): Promise<void> {
  await inLanes(names, async (name) => {
    await sendOrThrow(transport, {
      method: 'POST',
      path: pathOf(containerRequests, {namespace}),
      body: requestBody(name, poolName),
    });
  });
}

/**
 * The floor: the same creates, and for each a status patch of the same content, by a client that
 * does nothing else: no watch, no decision, no ledger. A lane creates and then patches, so that
 * neither kind of write waits for the other.
 */
export async function runFloor(burst: BurstOptions): Promise<number> {
  const startMs = systemClock.monotonicMs();
  await createFinished(burst);
  return systemClock.monotonicMs() - startMs;
}

/** Creates requests that are finished at once: no operator takes them for its own. */
export async function createFinished({
  transport,
  namespace,
  poolName,
  names,
}: BurstOptions): Promise<void> {
  await inLanes(names, async (name) => {
    const created = await sendOrThrow<{metadata: {uid: string; resourceVersion: string}}>(
      transport,
      {
        method: 'POST',
        path: pathOf(containerRequests, {namespace}),
        body: requestBody(name, poolName),
      },
    );
    const {uid, resourceVersion} = created.metadata;
    await sendOrThrow(transport, {
      method: 'PATCH',
      path: pathOf(containerRequests, {namespace, name, subresource: 'status'}),
      contentType: 'application/merge-patch+json',
      body: {metadata: {uid, resourceVersion}, status: floorStatus(name)},
    });
  });
}

/**
 * As many bytes as a placement writes; a finished request, so that no operator takes it for its
 * own.
 */
function floorStatus(name: string): object {
  const time = new Date(systemClock.nowMs()).toISOString();
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: 'assigned to worker-01 by cycle 17 of epoch 3',
    lastTransitionTime: `${time.slice(0, 19)}Z`,
    observedGeneration: 1,
  });
  return {
    phase: 'Succeeded',
    attempts: 1,
    workerName: 'floor',
    scheduledTime: time.replace('Z', '000Z'),
    completionTime: `${time.slice(0, 19)}Z`,
    assignment: {id: `0.0.${name.length}`, epoch: 0, cycle: 0, affinity: 'None'},
    observedGeneration: 1,
    conditions: [condition('Ready', 'False', 'Placed'), condition('Scheduled', 'True', 'Placed')],
  };
}

function requestBody(name: string, poolName: string): object {
  return {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'ContainerRequest',
    metadata: {name},
    spec: {
      container: {image: 'busybox:1.36', command: ['true']},
      resources: {cpu: '100m', memory: '128Mi'},
      poolName,
    },
  };
}

/** `prefix-001` and so on. */
export function numbered(prefix: string, count: number): readonly string[] {
  const digits = String(count).length;
  return Array.from(
    {length: count},
    (_, index) => `${prefix}-${String(index + 1).padStart(digits, '0')}`,
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
