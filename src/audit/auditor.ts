/** One event of a raw watch, as the API server sent it. */
export interface ObservedEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ObservedObject;
}

/** The few fields that the auditor reads; everything may be absent, nothing is trusted. */
export interface ObservedObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly spec?: {
    readonly resources?: {
      readonly cpu?: string | number;
      readonly memory?: string | number;
      readonly gpu?: {readonly count?: number; readonly shareMillis?: number};
    };
    readonly capacity?: {
      readonly cpu?: string | number;
      readonly memory?: string | number;
      readonly gpu?: {readonly count?: number};
      readonly containers?: number;
    };
  };
  readonly status?: {
    readonly phase?: string;
    readonly workerName?: string;
    readonly assignment?: {
      readonly id?: string;
      readonly epoch?: number;
      readonly gpuDevices?: readonly number[];
      readonly affinity?: string;
    };
    readonly conditions?: readonly {
      readonly type: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

export interface Violation {
  readonly rule:
    | 'over capacity'
    | 'device over capacity'
    | 'moved'
    | 'epoch went back'
    | 'unknown worker';
  /** Revision at which it was first seen. */
  readonly resourceVersion: string;
  readonly sentence: string;
}

interface Held {
  readonly name: string;
  readonly workerName: string;
  readonly assignmentId: string;
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly gpuDevices: readonly number[];
  readonly gpuMillis: number;
}

interface Limits {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly gpuCount: number;
  readonly containers: number;
}

/**
 * Checks, from watch events alone and at every revision, that no worker is over its capacity in any
 * dimension or GPU device and that no request sits on two workers. It shares nothing with the
 * operator: not its parser, not its sums. Feed it every event in the order in which the API server
 * sent them.
 */
export class Auditor {
  readonly #workers = new Map<string, Limits>();
  readonly #held = new Map<string, Held>();
  readonly #onWorker = new Map<string, Map<string, Held>>();
  readonly #violations: Violation[] = [];
  #revisions = 0;
  #highestEpoch = 0;

  /** Revisions checked so far. */
  get revisions(): number {
    return this.#revisions;
  }

  get violations(): readonly Violation[] {
    return this.#violations;
  }

  get placedCount(): number {
    return this.#held.size;
  }

  /** Requests on each known worker, workers without any included. */
  distribution(): ReadonlyMap<string, number> {
    const names = [...this.#workers.keys()].sort();
    return new Map(names.map((name) => [name, this.#onWorker.get(name)?.size ?? 0]));
  }

  observeWorker({type, object}: ObservedEvent): void {
    this.#revisions++;
    const {name, resourceVersion} = object.metadata;
    if (type === 'DELETED') {
      this.#workers.delete(name);
      return;
    }
    const capacity = object.spec?.capacity;
    this.#workers.set(name, {
      cpuMillis: quantity(capacity?.cpu ?? 0, 1000),
      memoryBytes: quantity(capacity?.memory ?? 0, 1),
      gpuCount: capacity?.gpu?.count ?? 0,
      containers: capacity?.containers ?? 250,
    });
    this.#check(name, resourceVersion);
  }

  observeRequest({type, object}: ObservedEvent): void {
    this.#revisions++;
    const {uid, resourceVersion} = object.metadata;
    const before = this.#held.get(uid);
    const after = type === 'DELETED' ? undefined : heldBy(object);
    if (
      before &&
      after &&
      before.assignmentId === after.assignmentId &&
      before.workerName !== after.workerName
    ) {
      this.#report(
        'moved',
        resourceVersion,
        `request ${after.name} went from ${before.workerName} to ${after.workerName} under one assignment ${after.assignmentId}`,
      );
    }
    if (before) this.#onWorker.get(before.workerName)?.delete(uid);
    if (!after) {
      this.#held.delete(uid);
      return;
    }
    this.#held.set(uid, after);
    const onWorker = this.#onWorker.get(after.workerName) ?? new Map<string, Held>();
    this.#onWorker.set(after.workerName, onWorker.set(uid, after));
    if (!before) this.#checkEpoch(object, resourceVersion);
    this.#check(after.workerName, resourceVersion);
  }

  #checkEpoch(object: ObservedObject, resourceVersion: string): void {
    const epoch = object.status?.assignment?.epoch ?? 0;
    if (epoch < this.#highestEpoch) {
      this.#report(
        'epoch went back',
        resourceVersion,
        `request ${object.metadata.name} was placed by epoch ${epoch} after epoch ${this.#highestEpoch} had placed others`,
      );
    }
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
  }

  #check(workerName: string, resourceVersion: string): void {
    const held = this.#onWorker.get(workerName);
    if (!held || held.size === 0) return;
    const limits = this.#workers.get(workerName);
    if (!limits) {
      this.#report(
        'unknown worker',
        resourceVersion,
        `${held.size} requests sit on ${workerName}, which is not there`,
      );
      return;
    }
    let cpuMillis = 0;
    let memoryBytes = 0;
    const devices = new Map<number, number>();
    for (const one of held.values()) {
      cpuMillis += one.cpuMillis;
      memoryBytes += one.memoryBytes;
      for (const device of one.gpuDevices)
        devices.set(device, (devices.get(device) ?? 0) + one.gpuMillis);
    }
    const over = [
      cpuMillis > limits.cpuMillis && `${cpuMillis} of ${limits.cpuMillis} milli-CPUs`,
      memoryBytes > limits.memoryBytes && `${memoryBytes} of ${limits.memoryBytes} bytes of memory`,
      held.size > limits.containers && `${held.size} of ${limits.containers} containers`,
    ].filter((part) => part !== false);
    if (over.length > 0) {
      this.#report(
        'over capacity',
        resourceVersion,
        `worker ${workerName} holds ${over.join(', ')}`,
      );
    }
    for (const [device, millis] of devices) {
      if (millis <= 1000 && device < limits.gpuCount) continue;
      this.#report(
        'device over capacity',
        resourceVersion,
        `GPU ${device} of worker ${workerName} holds ${millis} of 1000 milli`,
      );
    }
  }

  #report(rule: Violation['rule'], resourceVersion: string, sentence: string): void {
    this.#violations.push({rule, resourceVersion, sentence});
  }
}

/** What a request holds at present; undefined while it has no worker or once it is finished. */
function heldBy({metadata, spec, status}: ObservedObject): Held | undefined {
  if (!status?.workerName || status.phase === 'Succeeded' || status.phase === 'Failed')
    return undefined;
  const gpu = spec?.resources?.gpu;
  return {
    name: `${metadata.namespace}/${metadata.name}`,
    workerName: status.workerName,
    assignmentId: status.assignment?.id ?? '',
    cpuMillis: quantity(spec?.resources?.cpu ?? '100m', 1000),
    memoryBytes: quantity(spec?.resources?.memory ?? '128Mi', 1),
    gpuDevices: status.assignment?.gpuDevices ?? [],
    gpuMillis: gpu === undefined ? 0 : (gpu.shareMillis ?? 1000),
  };
}

const suffixes: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity times `scale`, rounded up. Not the operator's parser, on purpose. */
function quantity(value: string | number, scale: number): number {
  const [, digits = 'NaN', suffix = ''] =
    /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(value)) ?? [];
  const factor = suffixes[suffix];
  if (factor === undefined) throw new Error(`Cannot audit the quantity ${value}: unknown suffix`);
  return Math.ceil(Number((Number(digits) * factor * scale).toPrecision(15)));
}
