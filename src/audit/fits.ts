import type {ObservedSelector, ObservedTaint, ObservedToleration} from './observed.ts';
import type {SeenRequest, SeenWorker, Wish} from './seen.ts';

/** What is taken of one worker. */
export interface Taken {
  cpuMillis: number;
  memoryBytes: number;
  containers: number;
  /** Milli by device index. */
  readonly devices: Map<number, number>;
}

/** The sum over what a worker holds, added up anew each time: nothing can drift. */
export function takenBy(held: Iterable<SeenRequest>): Taken {
  const taken: Taken = {cpuMillis: 0, memoryBytes: 0, containers: 0, devices: new Map()};
  for (const {wish, devices} of held) take(taken, wish, devices);
  return taken;
}

export function take(
  taken: Taken,
  amounts: {readonly cpuMillis: number; readonly memoryBytes: number; readonly gpuMillis?: number},
  devices: readonly number[],
): void {
  taken.cpuMillis += amounts.cpuMillis;
  taken.memoryBytes += amounts.memoryBytes;
  taken.containers++;
  if (devices.length === 0) return;
  for (const device of new Set(devices)) {
    taken.devices.set(device, (taken.devices.get(device) ?? 0) + (amounts.gpuMillis ?? 0));
  }
}

/**
 * Whether a request would fit a worker: a second opinion on `src/placement`, slow and plain.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export function fits(wish: Wish, worker: SeenWorker, taken: Taken): boolean {
  return suits(wish, worker) && hasRoom(wish, worker, taken);
}

function suits(wish: Wish, worker: SeenWorker): boolean {
  return (
    worker.takesRequests &&
    (wish.workerName === undefined || wish.workerName === worker.key) &&
    (wish.poolName === undefined || wish.poolName === worker.poolName) &&
    isSelected(worker.labels, wish.selector) &&
    worker.taints.every((taint) => isHarmless(taint) || isTolerated(taint, wish.tolerations)) &&
    (wish.gpuCount === 0 || wish.gpuTypes.length === 0 || wish.gpuTypes.includes(worker.gpuType))
  );
}

function hasRoom(wish: Wish, worker: SeenWorker, taken: Taken): boolean {
  let roomyDevices = 0;
  for (let device = 0; device < worker.gpuCount; device++) {
    if ((taken.devices.get(device) ?? 0) + wish.gpuMillis <= 1000) roomyDevices++;
  }
  return (
    taken.cpuMillis + wish.cpuMillis <= worker.cpuMillis &&
    taken.memoryBytes + wish.memoryBytes <= worker.memoryBytes &&
    taken.containers + 1 <= worker.containers &&
    roomyDevices >= wish.gpuCount
  );
}

function isHarmless({effect}: ObservedTaint): boolean {
  return effect !== 'NoSchedule' && effect !== 'NoExecute';
}

function isTolerated(taint: ObservedTaint, tolerations: readonly ObservedToleration[]): boolean {
  return tolerations.some(({key, operator = 'Equal', value, effect}) => {
    const isEffect = !effect || effect === taint.effect;
    const isKey = key ? key === taint.key : operator === 'Exists';
    const isValue = operator === 'Exists' || (value ?? '') === (taint.value ?? '');
    return isEffect && isKey && isValue;
  });
}

function isSelected(
  labels: Readonly<Record<string, string>>,
  selector: ObservedSelector | undefined,
): boolean {
  const label = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  const wanted = Object.entries(selector?.matchLabels ?? {});
  if (wanted.some(([key, value]) => label(key) !== value)) return false;
  return (selector?.matchExpressions ?? []).every(({key, operator, values = []}) =>
    meets(label(key), operator, values),
  );
}

function meets(found: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return found !== undefined && values.includes(found);
    case 'NotIn':
      return found === undefined || !values.includes(found);
    case 'Exists':
      return found !== undefined;
    case 'DoesNotExist':
      return found === undefined;
    default: {
      // Gt and Lt compare whole numbers; whatever else it is, nothing meets it.
      if (!/^[+-]?\d+$/.test(found ?? '') || !/^[+-]?\d+$/.test(values[0] ?? '')) return false;
      const difference = Number(found) - Number(values[0]);
      return operator === 'Gt' ? difference > 0 : operator === 'Lt' && difference < 0;
    }
  }
}
