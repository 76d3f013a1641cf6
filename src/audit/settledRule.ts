import {type Taken, takenBy} from './fits.ts';
import type {LedgerRecord} from './observed.ts';
import type {SeenRequest, SeenSums, SeenWorker} from './seen.ts';
import type {SeenWorld, WorkerState} from './seenWorld.ts';
import type {ViolationLog} from './violation.ts';

export interface SettledRuleOptions {
  readonly world: SeenWorld;
  readonly log: ViolationLog;
  /** A difference counts once it has lasted for so long. */
  readonly graceMs: number;
}

interface Difference {
  readonly objects: readonly string[];
  readonly found: string;
  readonly expected: string;
  readonly revision: number;
}

/** What follows the placements with a delay must have come to agree with them after the grace. */
export class SettledRule {
  readonly #options: SettledRuleOptions;
  /** When each difference between ledger and placements was first seen, by its text. */
  #sinceMs: ReadonlyMap<string, number> = new Map();
  #inFlightSinceMs: ReadonlyMap<string, number> = new Map();
  /** Revision of the worker whose view was complained of, by worker. */
  readonly #said = new Map<string, number>();

  constructor(options: SettledRuleOptions) {
    this.#options = options;
  }

  /** The sums in the status of each Worker: allocated is what it holds, free is the rest. */
  judgeViews(nowMs: number): void {
    const {world, log, graceMs} = this.#options;
    for (const [name, state] of world.workers) {
      if (nowMs - state.changedAtMs < graceMs || !state.seen.isReadable) continue;
      const wrong = wrongView(state, world.heldOn(name));
      if (wrong === undefined || this.#said.get(name) === state.seen.revision) continue;
      this.#said.set(name, state.seen.revision);
      const objects = [`Worker ${name}`];
      log.report(state.seen.revision, {rule: 'view differs', objects, ...wrong});
    }
    for (const name of this.#said.keys()) if (!world.workers.has(name)) this.#said.delete(name);
  }

  /** Ledger objects hold nothing that is not placed just so: it was bound, or given back. */
  judgeInFlight(nowMs: number): void {
    const {world} = this.#options;
    const differences: Difference[] = [];
    for (const {key, revision, inFlight} of world.ledgers.values()) {
      for (const record of inFlight.values()) {
        const held = world.heldOn(record.workerName).get(record.uid);
        const difference = held
          ? amountsDiffer(record, held)
          : `nothing of uid ${record.uid} there`;
        if (difference === undefined) continue;
        differences.push({
          revision,
          objects: [`Ledger ${key}`, `Worker ${record.workerName}`],
          found: `Ledger ${key} holds ${textOf(record)}, and there is ${difference}`,
          expected: 'it to be bound or released',
        });
      }
    }
    this.#inFlightSinceMs = this.#age(differences, this.#inFlightSinceMs, nowMs);
  }

  /** What a ledger that keeps bound requests too was found to hold, all of it. */
  judgeLedger(records: readonly LedgerRecord[], nowMs: number): void {
    const {world} = this.#options;
    const differences: Difference[] = [];
    const left = new Map(records.map((record) => [record.uid, record]));
    for (const {seen} of world.requests.values()) {
      if (seen.workerName === '') continue;
      const record = left.get(seen.uid);
      const isHere = record?.workerName === seen.workerName;
      if (isHere) left.delete(seen.uid);
      const found = isHere ? amountsDiffer(record, seen) : 'nothing in the ledger';
      if (found === undefined) continue;
      differences.push({
        revision: seen.revision,
        objects: [`ContainerRequest ${seen.key}`, `Worker ${seen.workerName}`],
        found: `request ${seen.key} is on worker ${seen.workerName}, and there is ${found}`,
        expected: 'the ledger to hold what is bound',
      });
    }
    for (const record of left.values()) {
      differences.push({
        revision: 0,
        objects: [`Worker ${record.workerName}`],
        found: `the ledger holds ${textOf(record)}, which is not bound there`,
        expected: 'the ledger to hold nothing else than what is bound',
      });
    }
    this.#sinceMs = this.#age(differences, this.#sinceMs, nowMs);
  }

  /** Reports what has lasted for the grace, once; keeps since when the others last. */
  #age(
    differences: readonly Difference[],
    before: ReadonlyMap<string, number>,
    nowMs: number,
  ): ReadonlyMap<string, number> {
    const {log, graceMs} = this.#options;
    const since = new Map<string, number>();
    for (const {revision, ...difference} of differences) {
      const sinceMs = before.get(difference.found) ?? nowMs;
      const isDue = nowMs - sinceMs >= graceMs;
      since.set(difference.found, isDue ? Number.POSITIVE_INFINITY : sinceMs);
      if (isDue) log.report(revision, {rule: 'ledger differs', ...difference});
    }
    return since;
  }
}

function wrongView({seen}: WorkerState, held: ReadonlyMap<string, SeenRequest>) {
  if ([...held.values()].some(({isReadable}) => !isReadable)) return undefined;
  const {allocated, free, containers} = seen.view;
  if (allocated === undefined && held.size === 0) return undefined;
  const sums = sumsOf(takenBy(held.values()));
  const wanted = [textOfSums(sums), textOfSums(restOf(seen, sums)), held.size];
  const shown = [textOfSums(allocated), textOfSums(free), containers ?? 'no'];
  if (shown.join() === wanted.join()) return undefined;
  const sentence = ([taken, rest, count]: readonly (string | number)[]) =>
    `allocated ${taken}, free ${rest}, ${count} containers`;
  return {
    found: `worker ${seen.key} shows ${sentence(shown)}`,
    expected: sentence(wanted),
  };
}

function sumsOf({cpuMillis, memoryBytes, devices}: Taken): SeenSums {
  const gpuMillis = [...devices.values()].reduce((sum, millis) => sum + millis, 0);
  return {cpuMillis, memoryBytes, gpuMillis};
}

/** What holds more than it has shows nothing free. */
function restOf(worker: SeenWorker, sums: SeenSums): SeenSums {
  return {
    cpuMillis: Math.max(0, worker.cpuMillis - sums.cpuMillis),
    memoryBytes: Math.max(0, worker.memoryBytes - sums.memoryBytes),
    gpuMillis: Math.max(0, worker.gpuCount * 1000 - sums.gpuMillis),
  };
}

function textOfSums(sums: SeenSums | undefined): string {
  if (!sums) return 'nothing';
  return `${sums.cpuMillis} milli-CPUs ${sums.memoryBytes} bytes ${sums.gpuMillis} milli-GPUs`;
}

function amountsDiffer(record: LedgerRecord, {wish, devices}: SeenRequest): string | undefined {
  const bound = {...wish, gpuDevices: devices};
  const wanted = amountsOf(bound);
  return amountsOf(record) === wanted ? undefined : `${wanted} bound`;
}

function textOf(record: LedgerRecord): string {
  return `${amountsOf(record)} on worker ${record.workerName} for uid ${record.uid}`;
}

function amountsOf(amounts: Omit<LedgerRecord, 'uid' | 'workerName'>): string {
  const {cpuMillis, memoryBytes, gpuDevices = [], gpuMillis = 0} = amounts;
  const gpus = gpuDevices.length === 0 ? '' : ` and ${gpuMillis} of GPUs [${gpuDevices.join()}]`;
  return `${cpuMillis} milli-CPUs, ${memoryBytes} bytes${gpus}`;
}
