import {agentsUser} from './admissionRules.ts';
import {Agents} from './agents.ts';
import {beliefsOf, restlessness} from './atRest.ts';
import {streamOf} from './draw.ts';
import {drawPlan, type LedgerKind, type Plan, type Size} from './drawPlan.ts';
import {FaultEffects} from './faultEffects.ts';
import {FaultStage} from './faultStage.ts';
import {Fleet} from './fleet.ts';
import {Outages} from './outages.ts';
import {RealRedis, type RealRedisOptions} from './realRedis.ts';
import type {Bugs} from './replica.ts';
import {SharedLedger} from './sharedLedger.ts';
import {SharedLedgerClient} from './sharedLedgerClient.ts';
import {Trace} from './trace.ts';
import {Users} from './users.ts';
import {type Sight, World} from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly size: Size;
  /** Default: as the seed draws it. */
  readonly ledger?: LedgerKind;
  /** Indexes of the drawn faults that happen. Default: all. */
  readonly faults?: readonly number[];
  readonly onLine?: (line: string) => void;
  /** Planted in every replica, and in the ledger that they share. */
  readonly bugs?: Bugs & {readonly shared?: (ledger: SharedLedger) => void};
  /** The real server, where that is the ledger. */
  readonly redis?: RealRedisOptions;
}

/** Something that must not be, found in a run. */
export interface Finding {
  /** A rule of the auditor, or `not at rest`, `beliefs differ`, `process broke`. */
  readonly rule: string;
  readonly sentence: string;
}

export interface Outcome {
  readonly seed: number;
  readonly ledger: LedgerKind;
  readonly replicas: number;
  /** Placements that took place, those after a lost worker included. */
  readonly placements: number;
  readonly cycles: number;
  readonly commits: number;
  readonly revisions: number;
  /** Indexes of the faults that came up, in their order. */
  readonly fired: readonly number[];
  readonly findings: readonly Finding[];
  /** Of the whole trace. */
  readonly hash: string;
  readonly lines: number;
  /** How long it was on the virtual clock. */
  readonly virtualMs: number;
}

/** What follows by itself has followed after this; the auditor's grace is the same. */
const graceMs = 60_000;
/** After this a watch that fell silent just before the calm is given up, and was read anew. */
const silenceMs = 120_000;
/** Without a fault everything must have come to rest after this. */
const calmMs = 1_800_000;

/**
 * One run: real operators in a world drawn from a seed, first with faults, then in calm, where all
 * must settle. The same seed gives the same run, to the byte of its trace.
 */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #plan: Plan;
  readonly #world: World;
  readonly #trace: Trace;
  readonly #agents: Agents;
  readonly #users: Users;
  readonly #fleet: Fleet;
  readonly #stage: FaultStage;
  readonly #effects: FaultEffects;
  readonly #ledger: SharedLedger | undefined;
  readonly #real: RealRedis | undefined;
  readonly #findings: Finding[] = [];
  #lastChangeMs = 0;
  #calmFromMs = 0;
  #revisions = 0;
  #cycles = 0;
  #commits = 0;

  constructor(options: SimulationOptions) {
    const {seed, size, ledger: kind, faults: kept, onLine, bugs = {}} = options;
    this.#options = options;
    this.#plan = drawPlan(seed, size, kind);
    const {ledger, replicas, faults, config} = this.#plan;
    const world = new World({
      random: streamOf(seed, 'server'),
      auditor: {
        graceMs,
        crossingMs: longestWaitMs,
        onViolation: ({rule, sentence, resourceVersion}) =>
          this.#find(rule, `revision ${resourceVersion}: ${sentence}`),
      },
      onSight: (sight) => this.#see(sight),
    });
    this.#world = world;
    const {clock} = world;
    this.#trace = new Trace(clock, onLine);
    const shared = ledger === 'memory' ? new SharedLedger(clock) : undefined;
    const real = ledger === 'redis' ? new RealRedis(wanted(options.redis)) : undefined;
    this.#real = real;
    this.#ledger = shared;
    if (shared) bugs.shared?.(shared);
    const outages = new Outages(clock, streamOf(seed, 'outages'));
    this.#agents = new Agents({
      transport: world.server.transport({user: agentsUser}),
      clock,
      fateOf: (name) => this.#users.fateOf(name),
    });
    this.#users = new Users({transport: world.api, clock, agents: this.#agents});
    const chosen = kept && new Set(kept);
    this.#stage = new FaultStage({
      faults: chosen ? faults.filter(({index}) => chosen.has(index)) : faults,
      clock,
      outages,
      trace: this.#trace,
    });
    this.#fleet = new Fleet({
      world,
      seed,
      size: replicas,
      trace: this.#trace,
      connect: shared ? () => new SharedLedgerClient(shared) : real && (() => real.connect()),
      config,
      bugs,
      passage: this.#stage,
      onBroken: ({name}, error) => this.#find('process broke', `${name}: ${error.stack}`),
      onCycle: (assigned, commits) => {
        this.#cycles++;
        if (assigned > 0) this.#commits += commits;
      },
    });
    const parts = {world, outages, fleet: this.#fleet, users: this.#users, agents: this.#agents};
    this.#effects = new FaultEffects({...parts, ledger: shared});
  }

  async run(): Promise<Outcome> {
    const {clock} = this.#world;
    await this.#begin();
    await this.#runUntil(() => clock.monotonicMs() >= this.#plan.phaseMs);
    this.#trace.note('calm');
    this.#stage.end();
    this.#fleet.heal();
    this.#agents.heal();
    this.#calmFromMs = clock.monotonicMs();
    await this.#runUntil(() => this.#hasSettled || clock.monotonicMs() - this.#calmFromMs > calmMs);
    await this.#judge();
    const outcome = this.#outcome();
    await this.#fleet.end();
    await this.#world.end();
    return outcome;
  }

  async #begin(): Promise<void> {
    const {clock} = this.#world;
    await this.#world.observe(['worker', 'request', 'ledger', 'lease']);
    for (const worker of this.#plan.workers) await this.#users.createWorker(worker);
    for (const {atMs, requests} of this.#plan.bursts) {
      clock.setTimer(atMs, () => {
        for (const request of requests) void this.#users.createRequest(request);
      });
    }
    this.#stage.start(this.#effects);
    this.#fleet.start();
  }

  /** Lets time pass; the auditor and the agents see everything as it happens. */
  async #runUntil(isOver: () => boolean): Promise<void> {
    await this.#world.clock.run(
      () => {
        this.#world.audit();
        return isOver();
      },
      () => this.#real?.answered(),
    );
  }

  /** At rest, and long enough for all that follows with a delay. */
  get #hasSettled(): boolean {
    const nowMs = this.#world.clock.monotonicMs();
    const isStill = nowMs - this.#lastChangeMs > graceMs + 5_000;
    const isHeard = nowMs - this.#calmFromMs > silenceMs;
    return isStill && isHeard && restlessness(this.#fleet.replicas) === undefined;
  }

  async #judge(): Promise<void> {
    const {clock, auditor} = this.#world;
    const left = restlessness(this.#fleet.replicas);
    if (left !== undefined) this.#find('not at rest', left);
    // Twice, as what a ledger holds counts once it has lasted.
    for (const restMs of [0, graceMs + 1]) {
      const endMs = clock.monotonicMs() + restMs;
      await this.#runUntil(() => clock.monotonicMs() >= endMs);
      const nowMs = clock.monotonicMs();
      auditor.tick(nowMs);
      if (this.#ledger) auditor.compareLedger(await this.#ledger.allocations(), nowMs);
    }
    await this.#judgeBeliefs();
    if (this.#real) await this.#judgeReal(this.#real);
  }

  /** Once, as whoever reads it takes it; a difference counts twice, with the grace between. */
  async #judgeReal(real: RealRedis): Promise<void> {
    const {clock, auditor} = this.#world;
    const records = await real.end();
    const nowMs = clock.monotonicMs();
    for (const atMs of [nowMs, nowMs + graceMs + 1]) auditor.compareLedger(records, atMs);
  }

  /** The leader's cache is the world. */
  async #judgeBeliefs(): Promise<void> {
    const leader = this.#fleet.find('leader');
    if (!leader) return;
    const bound = (await this.#world.requests())
      .filter(({status}) => status?.workerName && !finalPhases.has(status.phase ?? ''))
      .map(({metadata, status}) => `${metadata.uid} on ${status!.workerName}`)
      .sort();
    const [believed, real] = [beliefsOf(leader).join('; '), bound.join('; ')];
    if (believed !== real) this.#find('beliefs differ', `believed [${believed}], is [${real}]`);
    const wrong = leader.operator.stages.cache.audit();
    if (wrong.length > 0) this.#find('beliefs differ', `sums of ${JSON.stringify(wrong)}`);
  }

  #see({kind, event, atMs}: Sight): void {
    const {type, object} = event;
    const {metadata, status} = object;
    this.#revisions++;
    const {phase = '', workerName = '', assignment, cycle = ''} = status ?? {};
    const said = `${phase} ${workerName} ${assignment?.id ?? ''} ${cycle}`;
    this.#trace.note(`${metadata.resourceVersion} ${type} ${kind} ${metadata.name} ${said}`);
    if (kind !== 'request') return;
    this.#lastChangeMs = atMs;
    this.#agents.observe(event);
  }

  #find(rule: string, sentence: string): void {
    this.#trace.note(`FOUND ${rule}: ${sentence}`);
    this.#findings.push({rule, sentence});
  }

  #outcome(): Outcome {
    return {
      seed: this.#options.seed,
      ledger: this.#plan.ledger,
      replicas: this.#plan.replicas,
      placements: this.#agents.started,
      cycles: this.#cycles,
      commits: this.#commits,
      revisions: this.#revisions,
      fired: this.#stage.fired,
      findings: this.#findings,
      lines: this.#trace.lines,
      hash: this.#trace.digest(),
      virtualMs: this.#world.clock.monotonicMs(),
    };
  }
}

function wanted(redis: RealRedisOptions | undefined): RealRedisOptions {
  if (redis) return redis;
  throw new Error('Cannot simulate with a ledger in Redis as its URL must be given');
}

const finalPhases: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

/** As long as a commit or a bind may be on its way with all faults upon it. */
const longestWaitMs = 200_000;
