import type {Fault as CallFault} from '../embedded/faultyTransport.ts';
import type {CallKind} from './calls.ts';
import type {CallMoment} from './replicaTransport.ts';

/** When a fault happens. */
export type Trigger =
  /** Milliseconds after the start. */
  | {readonly on: 'time'; readonly atMs: number}
  /** At the `nth` call of its kind, counted over all replicas from 1. */
  | {
      readonly on: 'call';
      readonly kind: CallKind;
      readonly nth: number;
      readonly moment: CallMoment;
    };

/** Whom it hits where no call says it: the leader, or the replica of this place in the row. */
export type Victim = 'leader' | number;

/** Who is meant of those that are there: the remainder of it by their number. */
type Pick = number;

/** What happens. Durations and delays are in milliseconds. */
export type Effect =
  | {readonly do: 'call'; readonly fault: CallFault}
  /** The call, or its reply, takes so long that its sender may have given it up. */
  | {readonly do: 'late'; readonly byMs: number}
  /** It arrives a second time. */
  | {readonly do: 'twice'; readonly afterMs: number}
  /**
   * SIGKILL, and a new process after `downMs`. `arrives`: the call it made last does. What is on
   * its way stays there for `stallMs`.
   */
  | {
      readonly do: 'crash';
      readonly victim: Victim;
      readonly downMs: number;
      readonly arrives: boolean;
      readonly stallMs: number;
    }
  | {
      readonly do: 'pause';
      readonly victim: Victim;
      readonly forMs: number;
      readonly stallMs: number;
    }
  /** What is on its way stays there: a network that stands still. */
  | {readonly do: 'stall'; readonly victim: Victim; readonly forMs: number}
  | {readonly do: 'stop'; readonly victim: Victim; readonly downMs: number}
  | {readonly do: 'unreachable'; readonly victim: Victim; readonly forMs: number}
  | {readonly do: 'cutWatches'; readonly victim: Victim}
  | {readonly do: 'silence'; readonly victim: Victim}
  | {
      readonly do: 'lag';
      readonly victim: Victim;
      readonly plural: string;
      readonly byMs: number;
      readonly forMs: number;
    }
  /** Unreachable for so long that the history which its watches need is forgotten by then. */
  | {readonly do: 'expire'; readonly victim: Victim; readonly forMs: number}
  | {readonly do: 'serverDown'; readonly forMs: number}
  /** Every call is answered with `status` at a chance of one half. */
  | {readonly do: 'overload'; readonly status: number; readonly forMs: number}
  | {readonly do: 'ledgerDown'; readonly forMs: number}
  | {readonly do: 'ledgerSlow'; readonly byMs: number; readonly forMs: number}
  | {readonly do: 'ledgerEmptied'}
  | {readonly do: 'ledgerFailedOver'; readonly lostMs: number}
  | {readonly do: 'wallJump'; readonly byMs: number}
  | {readonly do: 'leaseDeleted'}
  | {readonly do: 'request'; readonly change: RequestChange; readonly pick: Pick}
  | {readonly do: 'worker'; readonly change: WorkerChange; readonly pick: Pick}
  | {readonly do: 'agentSilent'; readonly pick: Pick; readonly forMs: number};

export const requestChanges = ['delete', 'suspend', 'bounce', 'edit', 'raise', 'recreate'] as const;
export type RequestChange = (typeof requestChanges)[number];

export const workerChanges = [
  'shrink',
  'grow',
  'relabel',
  'cordon',
  'uncordon',
  'taint',
  'untaint',
  'delete',
  'create',
] as const;
export type WorkerChange = (typeof workerChanges)[number];

/** One thing that goes wrong, or that somebody changes. As data, a run can leave one out. */
export interface Fault {
  /** Its place in the list drawn from the seed. */
  readonly index: number;
  readonly trigger: Trigger;
  readonly effect: Effect;
}

/** `#12 at 3500 ms: pause {"victim":"leader","forMs":20000}`. */
export function describeFault({index, trigger, effect}: Fault): string {
  const {do: what, ...details} = effect;
  const when =
    trigger.on === 'time'
      ? `at ${trigger.atMs} ms`
      : `at ${trigger.kind} ${trigger.nth}, ${trigger.moment}`;
  return `#${index} ${when}: ${what} ${JSON.stringify(details)}`;
}
