import {type Taken, takenBy} from './fits.ts';
import type {SeenRequest, SeenWorker} from './seen.ts';
import type {SeenWorld} from './seenWorld.ts';
import type {Finding, ViolationLog} from './violation.ts';

export interface CapacityRuleOptions {
  readonly world: SeenWorld;
  readonly log: ViolationLog;
  /** A placement so soon after its worker shrank or went was on its way: nobody can prevent it. */
  readonly crossingMs: number;
}

interface Overload extends Finding {
  /** Whether `seen` takes part in it. */
  readonly has: (seen: SeenRequest) => boolean;
}

/**
 * No placement is added to a worker that has no room for it, in any dimension or GPU device. A
 * worker that is edited below what it holds is no fault: what was there may stay.
 */
export class CapacityRule {
  readonly #options: CapacityRuleOptions;
  #crossings = 0;

  constructor(options: CapacityRuleOptions) {
    this.#options = options;
  }

  /** Placements that were on their way while their worker shrank or went. */
  get crossings(): number {
    return this.#crossings;
  }

  /** `seen` was placed just now: whatever is too much has it to answer for. */
  judgeArrival(seen: SeenRequest, atMs: number): void {
    const {world, log} = this.#options;
    const {workerName, revision} = seen;
    const worker = world.workers.get(workerName)?.seen;
    const findings = worker
      ? this.#overloads(worker).filter(({has}) => has(seen))
      : [unknownWorker(seen)];
    if (findings.length === 0) return;
    if (this.#isCrossing(seen, atMs)) {
      this.#crossings++;
      return;
    }
    for (const finding of findings) log.report(revision, finding);
  }

  /**
   * What a list shows, without how it came about: only what no edit of the worker can explain is
   * a fault.
   */
  judgeStanding(workerName: string, revision: number): void {
    const {world, log} = this.#options;
    const worker = world.workers.get(workerName)?.seen;
    if (!worker) return;
    const held = [...world.heldOn(workerName).values()];
    const isEdited =
      worker.generation > 1 || held.some(({scheduledMs}) => scheduledMs < worker.createdMs);
    for (const finding of this.#overloads(worker)) {
      const isDoubled = finding.rule === 'device over capacity' && isOnePresent(finding, worker);
      if (isDoubled || !isEdited) log.report(revision, finding);
    }
  }

  /** Workers that hold more than they have, by an edit or not. */
  overloadedCount(): number {
    const {world} = this.#options;
    let count = 0;
    for (const name of world.occupied()) {
      const worker = world.workers.get(name)?.seen;
      if (worker && this.#overloads(worker).length > 0) count++;
    }
    return count;
  }

  #isCrossing({uid, workerName}: SeenRequest, atMs: number): boolean {
    const {world, crossingMs} = this.#options;
    const reduction = world.reductionOf(workerName);
    if (!reduction) return false;
    return reduction.committed.has(uid) || atMs - reduction.atMs < crossingMs;
  }

  #overloads(worker: SeenWorker): readonly Overload[] {
    const held = this.#options.world.heldOn(worker.key);
    const taken = takenBy(held.values());
    const parts = [...sumOverloads(worker, taken), ...deviceOverloads(worker, taken, held)];
    // Names are for the few that are too many: this runs for each placement.
    if (parts.length === 0) return [];
    const objects = [`Worker ${worker.key}`, ...namesOf(held.values())];
    return parts.map((part) => ({objects, ...part}));
  }
}

type Part = Omit<Overload, 'objects'> & {readonly objects?: readonly string[]};

function sumOverloads(worker: SeenWorker, taken: Taken): readonly Part[] {
  const sums = [
    [taken.cpuMillis, worker.cpuMillis, 'milli-CPUs', 'cpuMillis'],
    [taken.memoryBytes, worker.memoryBytes, 'bytes of memory', 'memoryBytes'],
    [taken.containers, worker.containers, 'containers', undefined],
  ] as const;
  return sums
    .filter(([held, capacity]) => held > capacity)
    .map(([held, capacity, unit, field]) => ({
      rule: 'over capacity',
      found: `worker ${worker.key} holds ${held} of ${capacity} ${unit}`,
      expected: `at most ${capacity} ${unit}`,
      has: ({wish}) => field === undefined || wish[field] > 0,
    }));
}

function deviceOverloads(
  worker: SeenWorker,
  taken: Taken,
  held: ReadonlyMap<string, SeenRequest>,
): readonly Part[] {
  return [...taken.devices]
    .filter(([device, millis]) => millis > 1000 || device >= worker.gpuCount || device < 0)
    .map(([device, millis]) => ({
      rule: 'device over capacity',
      objects: [
        `Worker ${worker.key}`,
        ...namesOf([...held.values()].filter(({devices}) => devices.includes(device))),
      ],
      found: `GPU ${device} of worker ${worker.key} holds ${millis} milli`,
      expected: device < worker.gpuCount ? 'at most 1000 milli' : `one of ${worker.gpuCount} GPUs`,
      has: ({devices}) => devices.includes(device),
    }));
}

/** Whether the device is there: then it is shared by too many, which no edit brings about. */
function isOnePresent({expected}: Finding, worker: SeenWorker): boolean {
  return worker.gpuCount > 0 && expected.startsWith('at most');
}

function unknownWorker(seen: SeenRequest): Finding {
  return {
    rule: 'unknown worker',
    objects: [`Worker ${seen.workerName}`, `ContainerRequest ${seen.key}`],
    found: `request ${seen.key} was placed on ${seen.workerName}, which is not there`,
    expected: 'a worker that is there',
  };
}

/** A worker holds up to 10,000; a sentence names the first ones. */
const maxNamed = 8;

function namesOf(held: Iterable<SeenRequest>): readonly string[] {
  const names = Array.from(held, ({key}) => `ContainerRequest ${key}`).sort();
  const rest = names.length - maxNamed;
  return rest > 0 ? [...names.slice(0, maxNamed), `${rest} more`] : names;
}
