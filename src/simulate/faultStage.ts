import type {ApiCall} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import {type CallKind, callKindOf} from './calls.ts';
import {describeFault, type Effect, type Fault} from './fault.ts';
import {type CallPlace, type FaultEffects, injectAt} from './faultEffects.ts';
import type {Passage} from './fleet.ts';
import {answered, type LedgerCall, type LedgerFate} from './ledgerLine.ts';
import type {Outages} from './outages.ts';
import type {Replica} from './replica.ts';
import type {CallMoment} from './replicaTransport.ts';
import type {Trace} from './trace.ts';

export interface FaultStageOptions {
  readonly faults: readonly Fault[];
  readonly clock: Clock;
  readonly outages: Outages;
  readonly trace: Trace;
}

/** Makes the faults of a run happen, each at its time or at its call. */
export class FaultStage implements Passage {
  readonly #options: FaultStageOptions;
  readonly #atCall = new Map<string, Fault[]>();
  readonly #counts = new Map<CallKind, number>();
  /** Number of each call that is on its way, within its kind. */
  readonly #numbers = new WeakMap<ApiCall, string>();
  #effects: FaultEffects | undefined;
  #isOver = false;
  /** Indexes of the faults that came up. */
  readonly fired: number[] = [];

  constructor(options: FaultStageOptions) {
    this.#options = options;
    for (const fault of options.faults) {
      const {trigger} = fault;
      if (trigger.on === 'time') continue;
      const key = keyOf(trigger.kind, trigger.nth, trigger.moment);
      this.#atCall.set(key, [...(this.#atCall.get(key) ?? []), fault]);
    }
  }

  start(effects: FaultEffects): void {
    const {faults, clock} = this.#options;
    this.#effects = effects;
    for (const fault of faults) {
      const {trigger} = fault;
      if (trigger.on === 'call') continue;
      clock.setTimer(trigger.atMs, () => void this.#fire(fault, undefined));
    }
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#isOver = true;
    this.#options.outages.heal();
  }

  pass(
    replica: Replica,
    call: ApiCall,
    moment: CallMoment,
    isWatch: boolean,
  ): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    if (moment === 'done') {
      const number = this.#numbers.get(call);
      return number === undefined ? undefined : this.#at(`${number} done`, {replica, call});
    }
    const number = this.#count(callKindOf(call, isWatch));
    this.#numbers.set(call, number);
    const fault = this.#options.outages.faultOf(replica);
    if (fault) injectAt(replica, call, fault);
    return this.#at(`${number} sent`, {replica, call});
  }

  passLedger(replica: Replica, ledgerCall: LedgerCall): LedgerFate {
    if (this.#isOver) return answered;
    const number = this.#count(ledgerCall === 'commit' ? 'commit' : 'ledger');
    const place = {replica, call: undefined};
    const faults = this.#atCall.get(`${number} sent`) ?? [];
    const outage = this.#options.outages.ledgerFate(replica);
    const fate = faults.reduce((before, {effect}) => fateAfter(effect, before), outage);
    const wait = this.#at(`${number} sent`, place);
    return {...fate, wait, onDone: () => this.#at(`${number} done`, place)};
  }

  lagMs(replica: Replica, call: ApiCall): number {
    return this.#options.outages.lagMs(replica, call);
  }

  #count(kind: CallKind): string {
    const nth = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, nth);
    return `${kind} ${nth}`;
  }

  #at(key: string, place: CallPlace): Promise<void> | undefined {
    const faults = this.#atCall.get(key);
    if (!faults) return undefined;
    const waits = faults
      .map((fault) => this.#fire(fault, place))
      .filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
  }

  #fire(fault: Fault, place: CallPlace | undefined): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    this.fired.push(fault.index);
    this.#options.trace.note(describeFault(fault));
    return this.#effects?.take(fault.effect, place);
  }
}

/** What a fault of a call means on the way to the ledger outside, which knows no statuses. */
function fateAfter(effect: Effect, before: LedgerFate): LedgerFate {
  if (effect.do !== 'call') return before;
  switch (effect.fault.kind) {
    case 'lostReply':
      return {...before, end: 'unanswered'};
    case 'hang':
      return {...before, hangs: true, end: effect.fault.happens ? 'unanswered' : 'refused'};
    default:
      return {...before, end: 'refused'};
  }
}

function keyOf(kind: CallKind, nth: number, moment: CallMoment): string {
  return `${kind} ${nth} ${moment}`;
}
