import {defaultConfig} from '../config.ts';
import {FaultyTransport} from '../embedded/faultyTransport.ts';
import type {ApiCall, Transport} from '../kube/transport.ts';
import {KubernetesLedger} from '../ledger/kubernetesLedger.ts';
import type {Ledger} from '../ledger/ledger.ts';
import type {Clock} from '../lib/clock.ts';
import {errorOf} from '../lib/errorOf.ts';
import type {Log} from '../lib/log.ts';
import type {Random} from '../lib/random.ts';
import type {CycleSummary} from '../observe/cycleSummary.ts';
import {Metrics} from '../observe/metrics.ts';
import {Operator, type OperatorEnd} from '../operator.ts';
import {PausableClock} from './pausableClock.ts';
import {type Network, ReplicaTransport, type SentCall} from './replicaTransport.ts';

export type ConfigChanges = Parameters<typeof defaultConfig>[0];

/**
 * Bugs planted for a test, around an operator that has none of them: each gets a part and gives
 * back what takes its place.
 */
export interface Bugs {
  /** Each replica's own; that of the Ledger object too. */
  readonly ledger?: (ledger: Ledger) => Ledger;
  /** Between the operator and its network. */
  readonly transport?: (transport: Transport, clock: Clock) => Transport;
  /** Before it runs. */
  readonly operator?: (operator: Operator) => void;
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly keys: object;
}

export interface ReplicaOptions {
  readonly name: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  /** Its way to a ledger outside; undefined: it has the Ledger object. */
  readonly ledger: ((replica: Replica) => Ledger) | undefined;
  readonly config: ConfigChanges;
  readonly bugs?: Bugs;
  /** Default true: `transport.calls`, `cycles` and `log` hold everything from the start. */
  readonly keepsRecords?: boolean;
  /** Sees every line of its log. */
  readonly onLog?: (line: LogLine) => void;
  readonly onCycle?: (summary: CycleSummary) => void;
  /** Called when its run has ended by itself, or was rejected. */
  readonly onEnd?: (replica: Replica) => void;
}

/** One operator process of a test: started, stopped, paused, resumed, killed. */
export class Replica {
  readonly name: string;
  readonly operator: Operator;
  readonly transport: ReplicaTransport;
  readonly faults: FaultyTransport;
  readonly metrics = new Metrics();
  readonly cycles: CycleSummary[] = [];
  readonly log: LogLine[] = [];
  readonly #clock: PausableClock;
  readonly #onEnd: (replica: Replica) => void;
  readonly #stop = new AbortController();
  /** How its run ended; undefined while it runs. */
  end: OperatorEnd | undefined;
  /** What its run was rejected with. */
  error: Error | undefined;
  isKilled = false;
  #isPaused = false;

  constructor(options: ReplicaOptions) {
    const {name, transport, clock, random, network, ledger, config} = options;
    const {keepsRecords = true, onLog = () => {}, onCycle = () => {}} = options;
    this.name = name;
    this.#onEnd = options.onEnd ?? (() => {});
    this.#clock = new PausableClock(clock);
    this.faults = new FaultyTransport({transport, clock: this.#clock});
    const own = {transport: this.faults, clock, ownClock: this.#clock};
    this.transport = new ReplicaTransport({...own, network, keepsCalls: keepsRecords});
    const {ledger: badLedger, transport: badTransport, operator: badOperator} = options.bugs ?? {};
    const seen = badTransport?.(this.transport, clock) ?? this.transport;
    const settings = defaultConfig(config);
    const {name: ledgerName, maxInFlight} = settings.ledger;
    this.operator = new Operator({
      config: settings,
      transport: seen,
      namespace: 'default',
      identity: name,
      ledger: (bound) => {
        const own =
          ledger?.(this) ??
          new KubernetesLedger({transport: seen, name: ledgerName, bound, maxInFlight});
        return badLedger?.(own) ?? own;
      },
      clock: this.#clock,
      random,
      log: logTo((line) => {
        if (keepsRecords) this.log.push(line);
        onLog(line);
      }),
      metrics: this.metrics,
      onCycle: (summary) => {
        if (keepsRecords) this.cycles.push(summary);
        onCycle(summary);
      },
    });
    badOperator?.(this.operator);
  }

  start(): this {
    this.operator.run(this.#stop.signal).then(
      (end) => {
        this.end = end;
        this.#onEnd(this);
      },
      (error: unknown) => {
        this.error = errorOf(error);
        this.#onEnd(this);
      },
    );
    return this;
  }

  /** As SIGTERM does. */
  stop(): void {
    this.#stop.abort();
  }

  pause(): void {
    this.#isPaused = true;
    this.#clock.pause();
    this.transport.pause();
  }

  resume(): void {
    if (this.isKilled) return;
    this.#isPaused = false;
    this.transport.resume();
    this.#clock.resume();
  }

  /** As SIGKILL does: nothing of it runs any more; what it has sent may still arrive. */
  kill(): void {
    this.isKilled = true;
    this.pause();
    this.transport.die();
  }

  /** Lets a killed one end as well, which nobody looks at any more. */
  release(): void {
    this.stop();
    this.isKilled = false;
    this.resume();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isRunning(): boolean {
    return !this.isKilled && this.end === undefined && this.error === undefined;
  }

  /** Leads, and takes batches. */
  get isLeading(): boolean {
    const {isLeader, checks} = this.operator;
    const isActive = this.isRunning && !this.#isPaused;
    return isActive && isLeader && checks.every(({waitingFor}) => waitingFor() === undefined);
  }

  /** Time as this process has it: it stands still while it is paused. */
  get clock(): Clock {
    return this.#clock;
  }

  sent(matches: (call: ApiCall) => boolean): readonly SentCall[] {
    return this.transport.calls.filter((call) => !call.isWatch && matches(call));
  }

  /** Messages of the log at `warn` and above. */
  get complaints(): readonly string[] {
    return this.log
      .filter(({level}) => level === 'warn' || level === 'error')
      .map(({message}) => message);
  }
}

function logTo(take: (line: LogLine) => void): Log {
  const at = (level: LogLine['level']) => (keys: object, message: string) => {
    take({level, message, keys});
  };
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}
