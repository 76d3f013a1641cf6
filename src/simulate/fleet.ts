import type {ApiCall} from '../kube/transport.ts';
import type {Ledger} from '../ledger/ledger.ts';
import {streamOf} from './draw.ts';
import type {Victim} from './fault.ts';
import {type LedgerCall, type LedgerFate, LedgerLine} from './ledgerLine.ts';
import {type Bugs, type ConfigChanges, Replica} from './replica.ts';
import type {CallMoment} from './replicaTransport.ts';
import type {Trace} from './trace.ts';
import type {World} from './world.ts';

/** Asked at every call of every replica. */
export interface Passage {
  pass(
    replica: Replica,
    call: ApiCall,
    moment: CallMoment,
    isWatch: boolean,
  ): Promise<void> | undefined;
  passLedger(replica: Replica, call: LedgerCall): LedgerFate;
  lagMs(replica: Replica, call: ApiCall): number;
}

export interface FleetOptions {
  readonly world: World;
  readonly seed: number;
  readonly size: number;
  readonly trace: Trace;
  /** A connection to the ledger outside; undefined: the Ledger object. */
  readonly connect: (() => Ledger) | undefined;
  readonly config: ConfigChanges;
  readonly bugs: Bugs;
  readonly passage: Passage;
  /** Told of each replica whose run was rejected. */
  readonly onBroken: (replica: Replica, error: Error) => void;
  readonly onCycle: (assigned: number, commits: number) => void;
}

/** A server's cache is seldom so far behind. */
const mostBehindMs = 30_000;
/** As a Deployment starts a process that ended. */
const restartMs = 1_000;
/** All that a process does after a signal has ended after so long. */
const endMs = 15_000;

/** The operator's replicas, one a slot; where a process ends, the slot gets a new one. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #slots: Replica[] = [];
  readonly #all: Replica[] = [];
  /** Slots without a process, and how its start is cancelled. */
  readonly #down = new Map<number, () => void>();
  #started = 0;
  #isOver = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  start(): void {
    for (let slot = 0; slot < this.#options.size; slot++) this.#startIn(slot);
  }

  get replicas(): readonly Replica[] {
    return this.#slots;
  }

  /** Undefined while nobody leads, or its slot is empty. */
  find(victim: Victim): Replica | undefined {
    const found =
      victim === 'leader'
        ? this.#slots.find(({isRunning, operator}) => isRunning && operator.isLeader)
        : this.#slots[victim];
    return found?.isRunning ? found : undefined;
  }

  /** SIGKILL. */
  crash(replica: Replica, downMs: number): void {
    if (!replica.isRunning) return;
    replica.kill();
    this.#replace(replica, downMs);
  }

  pause(replica: Replica, forMs: number): void {
    if (!replica.isRunning || replica.isPaused) return;
    replica.pause();
    this.#options.world.clock.setTimer(forMs, () => replica.resume());
  }

  /** SIGTERM. */
  stop(replica: Replica, downMs: number): void {
    this.#downMs.set(replica, downMs);
    replica.stop();
  }

  /** All processes run from now on. */
  heal(): void {
    for (const replica of this.#slots) replica.resume();
    for (const [slot, cancel] of [...this.#down]) {
      cancel();
      this.#startIn(slot);
    }
  }

  /**
   * Ends what is left of every process, the killed ones too: else each would keep its world, as
   * Node keeps a signal that somebody listens to. Nothing is told of it.
   */
  async end(): Promise<void> {
    this.#isOver = true;
    for (const replica of this.#all) replica.release();
    const {clock} = this.#options.world;
    const untilMs = clock.monotonicMs() + endMs;
    await clock.run(() => clock.monotonicMs() >= untilMs);
  }

  readonly #downMs = new WeakMap<Replica, number>();

  #replace(replica: Replica, downMs: number): void {
    const slot = this.#slots.indexOf(replica);
    if (slot < 0 || this.#down.has(slot)) return;
    const start = () => this.#startIn(slot);
    this.#down.set(slot, this.#options.world.clock.setTimer(downMs, start));
  }

  #startIn(slot: number): void {
    const {world, seed, trace, connect, config, bugs, passage, onBroken, onCycle} = this.#options;
    this.#down.delete(slot);
    const name = `replica-${slot}-${this.#started++}`;
    const network = streamOf(seed, `network of ${name}`);
    const latencyMs = () => 0.5 + 3 * network.next();
    const replica: Replica = new Replica({
      name,
      transport: world.server.transport({user: name}),
      clock: world.clock,
      random: streamOf(seed, `chance of ${name}`),
      network: {
        latencyMs,
        replyMs: latencyMs,
        lagMs: (call) => latencyMs() + passage.lagMs(replica, call),
        cacheVersion: (notBefore) => {
          const behindMs = network.next() < 0.5 ? 0 : mostBehindMs * network.next() ** 3;
          const version = world.revisionAt(world.clock.monotonicMs() - behindMs);
          return version > notBefore ? version : undefined;
        },
        pass: (call, moment, isWatch) => passage.pass(replica, call, moment, isWatch),
      },
      ledger:
        connect &&
        ((own) =>
          new LedgerLine({
            ledger: connect(),
            clock: world.clock,
            ownClock: own.clock,
            latencyMs,
            flowing: () => own.transport.flowing(),
            fateOf: (call) => passage.passLedger(own, call),
          })),
      config,
      bugs,
      keepsRecords: false,
      onLog: ({level, message}) => {
        if (level !== 'debug') trace.note(`${name} ${level} ${message}`);
      },
      onCycle: ({epoch, cycle, accepted, rejected, unplaced, commits}) => {
        trace.note(`${name} cycle ${epoch}.${cycle} ${accepted} ${rejected} ${unplaced}`);
        onCycle(accepted + rejected, commits);
      },
      onEnd: (ended) => {
        if (this.#isOver) return;
        trace.note(`${name} ended: ${ended.end ?? ended.error?.message}`);
        if (ended.error) onBroken(ended, ended.error);
        this.#replace(ended, this.#downMs.get(ended) ?? restartMs);
      },
    });
    this.#slots[slot] = replica;
    this.#all.push(replica);
    trace.note(`${name} starts`);
    replica.start();
  }
}
