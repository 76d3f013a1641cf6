import {expect} from 'vitest';
import type {Violation} from '../../src/audit/violation.ts';
import {ledgers} from '../../src/kube/resource.ts';
import type {ApiCall} from '../../src/kube/transport.ts';
import {MemoryLedger} from '../../src/ledger/memoryLedger.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {type ConfigChanges, Replica} from '../../src/simulate/replica.ts';
import {World} from '../../src/simulate/world.ts';
import {findLost} from './findLost.ts';

export interface RigOptions {
  readonly seed?: number;
  /** Default: the Ledger object. One memory ledger is shared by all replicas. */
  readonly ledger?: 'kubernetes' | 'memory';
  /** Of each call, on its way to the server. Default 2. */
  readonly latencyMs?: number;
  /** How much later a watch delivers, at the moment of each event. Default 0. */
  readonly lagMs?: (call: ApiCall) => number;
  readonly config?: ConfigChanges;
}

/**
 * Real operators before one embedded API server, on a virtual clock: `start` them, do what users
 * and machines do through `world`, wait with `until`, and end every test with `end`.
 */
export class OperatorRig {
  readonly world: World;
  readonly replicas: Replica[] = [];
  readonly #options: RigOptions;
  readonly #seed: number;
  readonly #ledger: MemoryLedger | undefined;

  constructor(options: RigOptions = {}) {
    this.#options = options;
    this.#seed = options.seed ?? 1;
    this.world = new World({random: seededRandom(this.#seed)});
    this.#ledger = options.ledger === 'memory' ? new MemoryLedger() : undefined;
  }

  /** Starts one more replica; it leads once nobody else does. */
  add(): Replica {
    const index = this.replicas.length;
    const ledger = this.#ledger;
    const replica = new Replica({
      name: `replica-${index}`,
      transport: this.world.server.transport({user: `replica-${index}`}),
      clock: this.world.clock,
      random: seededRandom(this.#seed * 1_000 + index),
      network: {
        latencyMs: () => this.#options.latencyMs ?? 2,
        ...(this.#options.lagMs && {lagMs: this.#options.lagMs}),
      },
      ledger: ledger && (() => ledger),
      config: this.#options.config ?? {},
    });
    this.replicas.push(replica);
    return replica.start();
  }

  /** A replica that leads, and the auditor watching. */
  async lead(): Promise<Replica> {
    await this.world.observe();
    const replica = this.add();
    await this.until('the first replica leads', () => replica.isLeading);
    return replica;
  }

  get leader(): Replica {
    const leading = this.replicas.filter((replica) => replica.isLeading);
    if (leading.length !== 1) throw new Error(`${leading.length} replicas lead`);
    return leading[0]!;
  }

  get nowMs(): number {
    return this.world.clock.monotonicMs();
  }

  /** Moves time on until `isTrue`, and says how long that took; fails at the deadline. */
  async until(
    what: string,
    isTrue: () => boolean | Promise<boolean>,
    deadlineMs = 10_000,
  ): Promise<number> {
    const {clock} = this.world;
    const startMs = clock.monotonicMs();
    const endMs = startMs + deadlineMs;
    await clock.advance(0);
    while (!(await isTrue())) {
      if (clock.monotonicMs() >= endMs) throw new Error(await this.#describe(what, deadlineMs));
      await this.#step(endMs);
    }
    return clock.monotonicMs() - startMs;
  }

  async advance(byMs: number): Promise<void> {
    await this.world.clock.advance(byMs);
  }

  /** Until all of these have a worker. */
  async placed(names: readonly string[], deadlineMs?: number): Promise<number> {
    let left = names;
    return this.until(
      `${names.length} requests are placed`,
      () => {
        left = left.filter((name) => this.workerOf(name) === undefined);
        return left.length === 0;
      },
      deadlineMs,
    );
  }

  workerOf(name: string): string | undefined {
    return this.world.request(name).status?.workerName;
  }

  /**
   * Nothing over capacity at any revision but what `tolerates` names, nothing lost, and the
   * leader's beliefs are the world. Then every running replica stops in good order.
   */
  async end({tolerates = []}: {tolerates?: readonly Violation['rule'][]} = {}): Promise<void> {
    const {world} = this;
    await this.until('the leader has nothing left to do', () => this.#isAtRest(), 60_000);
    const [requests, workers] = [await world.requests(), await world.workers()];
    expect(findLost(requests, workers)).toEqual([]);
    const bound = requests
      .filter(({status}) => status?.workerName && !isFinished(status.phase))
      .map(({metadata, status}) => `${metadata.uid} on ${status!.workerName}`)
      .sort();
    const isBound = (record: string) => bound.includes(record);
    await this.until('the ledger holds only what is bound', () => this.inFlight().every(isBound));
    const {cache} = this.leader.operator.stages;
    const believed = Array.from(
      cache.allocations(),
      ({uid, workerName}) => `${uid} on ${workerName}`,
    );
    expect(believed.sort()).toEqual(bound);
    expect(cache.audit()).toEqual([]);
    const alive = this.replicas.filter((one) => !one.isKilled);
    for (const replica of alive) replica.stop();
    await this.until('every replica stops', () => alive.every((one) => !one.isRunning));
    expect(alive.map(({error}) => error).filter(Boolean)).toEqual([]);
    for (const {end} of alive) expect(['stopped', 'leadership lost']).toContain(end);
    await this.#checkMemoryLedger(bound);
    const violations = await world.violations();
    expect(violations.filter(({rule}) => !tolerates.includes(rule))).toEqual([]);
  }

  /** `uid on worker` of what the Ledger object has in flight. */
  inFlight(): readonly string[] {
    const object = this.world.server.read(ledgers, {name: 'berth'});
    const {inFlight = []} = (object?.['status'] ?? {}) as {
      inFlight?: readonly {uid: string; workerName: string}[];
    };
    return inFlight.map(({uid, workerName}) => `${uid} on ${workerName}`);
  }

  /** It holds everything that is bound, and nothing else. */
  async #checkMemoryLedger(bound: readonly string[]): Promise<void> {
    if (!this.#ledger) return;
    const opened = await this.#ledger.open(Number.MAX_SAFE_INTEGER, new AbortController().signal);
    const held = opened.kind === 'opened' ? opened.allocations : [];
    expect(held.map(({uid, workerName}) => `${uid} on ${workerName}`).sort()).toEqual(bound);
  }

  #isAtRest(): boolean {
    const leading = this.replicas.filter((replica) => replica.isLeading);
    if (leading.length !== 1) return false;
    const {cache, queue, writer, update} = leading[0]!.operator.stages;
    const {ready, inFlight, delayed} = queue.counts;
    return (
      ready + inFlight + delayed + cache.assumedCount + writer.outstanding + update.releaseCount ===
      0
    );
  }

  async #step(endMs: number): Promise<void> {
    const {clock} = this.world;
    let isDue = false;
    // The next timer, or the deadline where none comes before it.
    const cancel = clock.setTimer(endMs - clock.monotonicMs(), () => {
      isDue = true;
    });
    await clock.advanceToNextTimer();
    if (!isDue) cancel();
  }

  async #describe(what: string, deadlineMs: number): Promise<string> {
    const requests = await this.world.requests();
    const waiting = requests.filter(({status}) => !status?.workerName);
    const reasons = waiting.slice(0, 5).map(({metadata, status}) => {
      const scheduled = status?.conditions?.find(({type}) => type === 'Scheduled');
      return `${metadata.name}: ${scheduled?.reason ?? 'nothing'} ${scheduled?.message ?? ''}`;
    });
    const replicas = this.replicas.map(({name, operator, end, error, complaints}) => {
      const {queue, writer, cache, update} = operator.stages;
      const checks = operator.checks.flatMap(({waitingFor}) => waitingFor() ?? []);
      const state = {
        ...queue.counts,
        outstanding: writer.outstanding,
        assumed: cache.assumedCount,
        releases: update.releaseCount,
      };
      const last = complaints.slice(-5).join('; ');
      return `${name}: ${end ?? error?.stack ?? 'runs'}, leads ${operator.isLeader}, waits for [${checks.join('; ')}], ${JSON.stringify(state)}, log: ${last}`;
    });
    return [
      `Cannot see within ${deadlineMs} ms that ${what}; ${waiting.length} of ${requests.length} requests wait`,
      ...reasons,
      ...replicas,
    ].join('\n  ');
  }
}

function isFinished(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
