import {amount} from './amount.ts';
import type {
  Kind,
  LedgerRecord,
  ObservedCondition,
  ObservedObject,
  ObservedSelector,
  ObservedSums,
  ObservedTaint,
  ObservedToleration,
} from './observed.ts';

/** What an audit keeps of an object: a few numbers and names, whatever its size is. */
export type Seen = SeenRequest | SeenWorker | SeenLedger | SeenLease;

interface SeenObject {
  /** `namespace/name`, or `name` of what is cluster-scoped. */
  readonly key: string;
  readonly uid: string;
  /** Its resourceVersion: the revision of the store that wrote it. */
  readonly revision: number;
}

/** What a request asks of a worker, and may ask for. */
export interface Wish {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly gpuCount: number;
  /** Of each device. */
  readonly gpuMillis: number;
  readonly gpuTypes: readonly string[];
  readonly poolName: string | undefined;
  readonly workerName: string | undefined;
  readonly selector: ObservedSelector | undefined;
  readonly tolerations: readonly ObservedToleration[];
}

export interface SeenRequest extends SeenObject {
  readonly kind: 'request';
  readonly isFinished: boolean;
  readonly isDeleting: boolean;
  readonly isSuspended: boolean;
  /** False where an amount is no quantity: nothing can be summed or fitted then. */
  readonly isReadable: boolean;
  readonly priority: number;
  /** Where it is placed; empty while it waits and once it is finished. */
  readonly workerName: string;
  readonly assignmentId: string;
  readonly epoch: number;
  readonly devices: readonly number[];
  readonly wish: Wish;
  readonly scheduled: ObservedCondition | undefined;
  /** Whether the condition was set upon the present spec. */
  readonly isConditionCurrent: boolean;
  /** Of its placement, by the operator's clock; 0 without. */
  readonly scheduledMs: number;
}

export interface SeenWorker extends SeenObject {
  readonly kind: 'worker';
  readonly generation: number;
  readonly createdMs: number;
  readonly isReadable: boolean;
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly containers: number;
  readonly gpuCount: number;
  readonly gpuType: string;
  /** False where it is cordoned, not ready or being deleted. */
  readonly takesRequests: boolean;
  readonly isReady: boolean;
  readonly poolName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly ObservedTaint[];
  readonly view: SeenView;
}

/** The sums that a Worker shows; undefined where it does not show them. */
export interface SeenView {
  readonly allocated: SeenSums | undefined;
  readonly free: SeenSums | undefined;
  readonly containers: number | undefined;
}

export interface SeenSums {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly gpuMillis: number;
}

export interface SeenLedger extends SeenObject {
  readonly kind: 'ledger';
  readonly epoch: number;
  readonly cycle: number;
  /** By uid. */
  readonly inFlight: ReadonlyMap<string, LedgerRecord>;
}

export interface SeenLease extends SeenObject {
  readonly kind: 'lease';
  readonly holder: string;
  readonly transitions: number;
}

/**
 * Keeps what an audit needs of an object.
 * @throws Error where its resourceVersion is no number: then no order can be made of the streams
 */
export function see(kind: Kind, object: ObservedObject): Seen {
  switch (kind) {
    case 'request':
      return seeRequest(object);
    case 'worker':
      return seeWorker(object);
    case 'ledger':
      return seeLedger(object);
    case 'lease':
      return seeLease(object);
  }
}

/** The revision of a resourceVersion, which the API server counts over all kinds. */
export function revisionOf(resourceVersion: string | undefined): number {
  const revision = Number(resourceVersion);
  if (resourceVersion !== undefined && /^\d+$/.test(resourceVersion)) return revision;
  throw new Error(
    `Cannot order what the API server sends as a resourceVersion must be a number: current value is ${JSON.stringify(resourceVersion)}`,
  );
}

export function seeRequest(object: ObservedObject): SeenRequest {
  const {metadata, spec, status} = object;
  const isFinished = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  const scheduled = status?.conditions?.find(({type}) => type === 'Scheduled');
  const wish = wishOf(spec ?? {});
  const isReadable = Number.isFinite(wish.cpuMillis) && Number.isFinite(wish.memoryBytes);
  return {
    kind: 'request',
    ...identityOf(object),
    isFinished,
    isDeleting: metadata.deletionTimestamp !== undefined,
    isSuspended: spec?.suspend === true,
    isReadable,
    priority: spec?.priority ?? 0,
    workerName: isFinished ? '' : (status?.workerName ?? ''),
    assignmentId: status?.assignment?.id ?? '',
    epoch: status?.assignment?.epoch ?? 0,
    devices: status?.assignment?.gpuDevices ?? [],
    wish: isReadable ? wish : {...wish, cpuMillis: 0, memoryBytes: 0},
    scheduled,
    isConditionCurrent:
      scheduled?.observedGeneration === undefined ||
      scheduled.observedGeneration === metadata.generation,
    scheduledMs: timeMs(status?.scheduledTime),
  };
}

function wishOf(spec: NonNullable<ObservedObject['spec']>): Wish {
  const {resources = {}} = spec;
  const {gpu} = resources;
  return {
    cpuMillis: amount(resources.cpu ?? '100m', 1000),
    memoryBytes: amount(resources.memory ?? '128Mi', 1),
    gpuCount: gpu === undefined ? 0 : (gpu.count ?? 1),
    gpuMillis: gpu === undefined ? 0 : (gpu.shareMillis ?? 1000),
    gpuTypes: gpu?.types ?? [],
    poolName: spec.poolName,
    workerName: spec.workerName,
    selector: spec.workerSelector,
    tolerations: spec.tolerations ?? [],
  };
}

export function seeWorker(object: ObservedObject): SeenWorker {
  const {metadata, spec, status} = object;
  const capacity = spec?.capacity;
  const cpuMillis = amount(capacity?.cpu, 1000);
  const memoryBytes = amount(capacity?.memory, 1);
  const isReadable = Number.isFinite(cpuMillis) && Number.isFinite(memoryBytes);
  const ready = status?.conditions?.find(({type}) => type === 'Ready');
  const isReady = ready === undefined || ready.status === 'True';
  return {
    kind: 'worker',
    ...identityOf(object),
    generation: metadata.generation ?? 1,
    createdMs: timeMs(metadata.creationTimestamp),
    isReadable,
    cpuMillis: isReadable ? cpuMillis : 0,
    memoryBytes: isReadable ? memoryBytes : 0,
    containers: capacity?.containers ?? 250,
    gpuCount: capacity?.gpu?.count ?? 0,
    gpuType: capacity?.gpu?.type ?? '',
    isReady,
    takesRequests:
      isReadable && isReady && !spec?.unschedulable && metadata.deletionTimestamp === undefined,
    poolName: spec?.poolName ?? 'default',
    labels: metadata.labels ?? {},
    taints: spec?.taints ?? [],
    view: {
      allocated: sumsOf(status?.allocated),
      free: sumsOf(status?.free),
      containers: status?.containers,
    },
  };
}

function sumsOf(sums: ObservedSums | undefined): SeenSums | undefined {
  return (
    sums && {
      cpuMillis: amount(sums.cpu ?? 0, 1000),
      memoryBytes: amount(sums.memory ?? 0, 1),
      gpuMillis: sums.gpuMillis ?? 0,
    }
  );
}

function seeLedger(object: ObservedObject): SeenLedger {
  const {epoch = 0, cycle = 0, inFlight = []} = object.status ?? {};
  const records = new Map(inFlight.map((record) => [record.uid, record]));
  return {kind: 'ledger', ...identityOf(object), epoch, cycle, inFlight: records};
}

function seeLease(object: ObservedObject): SeenLease {
  const {holderIdentity, leaseTransitions} = object.spec ?? {};
  return {
    kind: 'lease',
    ...identityOf(object),
    holder: holderIdentity ?? '',
    transitions: leaseTransitions ?? 0,
  };
}

function identityOf({metadata}: ObservedObject): SeenObject {
  const {name, namespace, uid, resourceVersion} = metadata;
  return {
    key: namespace === undefined ? name : `${namespace}/${name}`,
    uid,
    revision: revisionOf(resourceVersion),
  };
}

function timeMs(text: string | undefined): number {
  const ms = text === undefined ? 0 : Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}
