import {conditionOf, type SeenRequest, type SeenWorker} from '../../src/simulate/objects.ts';

/**
 * What is wrong with the requests of a world at rest, one sentence each; empty when none is lost.
 */
export function findLost(
  requests: readonly SeenRequest[],
  workers: readonly SeenWorker[],
): readonly string[] {
  const holding = requests.filter(
    ({status}) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
  );
  const byWorker = Map.groupBy(holding, ({status}) => status?.workerName);
  return requests.flatMap((request) => {
    const {name} = request.metadata;
    const wrong = whatIsWrong(request, workers, byWorker);
    return wrong === undefined ? [] : [`${name} ${wrong}`];
  });
}

function whatIsWrong(
  request: SeenRequest,
  workers: readonly SeenWorker[],
  byWorker: ReadonlyMap<string | undefined, readonly SeenRequest[]>,
): string | undefined {
  const {status, spec} = request;
  const scheduled = conditionOf(request, 'Scheduled');
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  if (status?.workerName !== undefined) {
    if (!workers.some(({metadata}) => metadata.name === status.workerName)) {
      return `is on ${status.workerName}, which is not there`;
    }
    return scheduled?.status === 'True' ? undefined : 'has a worker and does not say so';
  }
  if (scheduled?.status !== 'False') return 'waits and does not say why';
  switch (scheduled.reason) {
    case 'Suspended':
      return spec.suspend ? undefined : 'says that it is suspended, and is not';
    case 'InvalidSpec':
      return scheduled.message.includes('wanted') ? undefined : 'does not say what was wanted';
    case 'Unplaceable': {
      const fitting = workers.find((worker) =>
        fits(request, worker, byWorker.get(worker.metadata.name) ?? []),
      );
      return fitting && `says that it fits nowhere, and fits ${fitting.metadata.name}`;
    }
    default:
      return `waits for ${scheduled.reason} in a world at rest`;
  }
}

/** A second opinion: slow, plain, and for the few constraints that these tests use. */
function fits({spec}: SeenRequest, worker: SeenWorker, held: readonly SeenRequest[]): boolean {
  const {capacity, unschedulable, taints = []} = worker.spec;
  const {name, labels = {}} = worker.metadata;
  if (unschedulable || taints.some(({effect}) => effect !== 'PreferNoSchedule')) return false;
  if (spec.workerName !== undefined && spec.workerName !== name) return false;
  const wanted = Object.entries(spec.workerSelector?.matchLabels ?? {});
  if (wanted.some(([key, value]) => labels[key] !== value)) return false;
  const sum = (amountOf: (request: SeenRequest) => number) =>
    held.reduce((total, one) => total + amountOf(one), 0);
  const cpuLeft = cpuOf(capacity.cpu) - sum((one) => cpuOf(one.spec.resources?.cpu ?? '100m'));
  const memoryLeft =
    memoryOf(capacity.memory) - sum((one) => memoryOf(one.spec.resources?.memory ?? '128Mi'));
  const {cpu = '100m', memory = '128Mi', gpu} = spec.resources ?? {};
  if (held.length >= (capacity.containers ?? 250)) return false;
  if (cpuLeft < cpuOf(cpu) || memoryLeft < memoryOf(memory)) return false;
  return gpu === undefined || hasGpus(gpu, worker, held);
}

function hasGpus(
  {
    count,
    types = [],
    shareMillis = 1000,
  }: NonNullable<NonNullable<SeenRequest['spec']['resources']>['gpu']>,
  {spec}: SeenWorker,
  held: readonly SeenRequest[],
): boolean {
  const {gpu} = spec.capacity;
  if (!gpu || (types.length > 0 && !types.includes(gpu.type))) return false;
  const left = Array.from({length: gpu.count}, () => 1000);
  for (const one of held) {
    const share = one.spec.resources?.gpu?.shareMillis ?? 1000;
    for (const device of one.status?.assignment?.gpuDevices ?? []) {
      left[device] = (left[device] ?? 0) - share;
    }
  }
  return left.filter((millis) => millis >= shareMillis).length >= count;
}

/** Milli-CPUs of `500m`, `4` and the like. */
function cpuOf(quantity: string | number): number {
  const text = String(quantity);
  return text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text) * 1000;
}

/** Bytes of `128Mi`, `1.5Gi` and the like. */
function memoryOf(quantity: string | number): number {
  const [, digits, suffix = ''] = /^([\d.]+)(Mi|Gi|Ti)?$/.exec(String(quantity)) ?? [];
  const scale = {'': 1, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40}[suffix];
  if (digits === undefined || scale === undefined) {
    throw new Error(`Cannot read the memory ${quantity}: these tests use Mi, Gi and Ti`);
  }
  return Number(digits) * scale;
}
