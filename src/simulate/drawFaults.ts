import type {Fault as CallFault} from '../embedded/faultyTransport.ts';
import type {CallKind} from './calls.ts';
import type {Draw} from './draw.ts';
import {
  type Effect,
  type Fault,
  requestChanges,
  type Trigger,
  type Victim,
  workerChanges,
} from './fault.ts';

export interface FaultSurroundings {
  /** Length of the phase in which faults begin, in milliseconds. */
  readonly phaseMs: number;
  readonly requests: number;
  readonly workers: number;
  readonly replicas: number;
  /** Whether the ledger is outside, and can fail by itself. */
  readonly isLedgerOutside: boolean;
  /** Faults at most. */
  readonly max: number;
}

/** Draws the faults of a run, most at a call: that is where one step ends and the next begins. */
export function drawFaults(draw: Draw, around: FaultSurroundings): readonly Fault[] {
  if (around.max === 0) return [];
  const count = draw.magnitude(1, around.max);
  return Array.from({length: count}, (_, index) => {
    const trigger = draw.chance(0.6) ? atCall(draw, around) : atTime(draw, around);
    const effect =
      trigger.on === 'call' ? effectOfCall(draw, around, trigger.kind) : anyEffect(draw, around);
    if (trigger.on === 'time' || (effect.do !== 'call' && effect.do !== 'twice')) {
      return {index, trigger, effect};
    }
    // What happens to the call itself happens as it leaves.
    return {index, trigger: {...trigger, moment: 'sent'}, effect};
  });
}

function atTime(draw: Draw, {phaseMs}: FaultSurroundings): Trigger {
  return {on: 'time', atMs: draw.int(0, phaseMs)};
}

/** About how many calls of a kind a run makes: a fault at one beyond them never happens. */
function atCall(draw: Draw, {phaseMs, requests}: FaultSurroundings): Trigger {
  const expected: readonly (readonly [CallKind, number])[] = [
    ['commit', Math.min(requests, phaseMs / 50)],
    ['commit', Math.min(requests, phaseMs / 50)],
    ['bind', requests],
    ['bind', requests],
    ['ledger', 10],
    ['reason', 40],
    ['step', requests / 4],
    ['read', 10],
    ['list', 40],
    ['watch', 60],
    ['lease', phaseMs / 800],
    ['view', phaseMs / 200],
    ['event', phaseMs / 500],
  ];
  const [kind, most] = draw.of(expected);
  const nth = draw.magnitude(1, Math.max(2, most));
  return {on: 'call', kind, nth, moment: draw.chance(0.5) ? 'sent' : 'done'};
}

function victimOf(draw: Draw, {replicas}: FaultSurroundings): Victim {
  return draw.chance(0.7) ? 'leader' : draw.int(0, replicas - 1);
}

function effectOfCall(draw: Draw, around: FaultSurroundings, kind: CallKind): Effect {
  if (kind === 'watch' && draw.chance(0.5)) return {do: 'call', fault: lineFault(draw)};
  const effects: readonly (() => Effect)[] = [
    () => ({do: 'call', fault: callFault(draw)}),
    () => ({do: 'call', fault: callFault(draw)}),
    () => ({do: 'call', fault: callFault(draw)}),
    () => ({do: 'late', byMs: draw.magnitude(5, 40_000)}),
    () => ({do: 'late', byMs: draw.magnitude(5, 40_000)}),
    () => ({do: 'twice', afterMs: draw.magnitude(1, 20_000)}),
    () => crash(draw, around),
    () => crash(draw, around),
    () => ({do: 'pause', victim: 'leader', forMs: draw.magnitude(100, 120_000)}),
    () => ({do: 'request', change: draw.of(requestChanges), pick: draw.int(0, 9_999)}),
    () => ({do: 'request', change: draw.of(requestChanges), pick: draw.int(0, 9_999)}),
    () => ({do: 'worker', change: draw.of(workerChanges), pick: draw.int(0, 9_999)}),
    () => anyEffect(draw, around),
  ];
  return draw.of(effects)();
}

function crash(draw: Draw, around: FaultSurroundings): Effect {
  return {
    do: 'crash',
    victim: victimOf(draw, around),
    downMs: draw.magnitude(50, 40_000),
    arrives: draw.chance(0.5),
  };
}

function callFault(draw: Draw): CallFault {
  const faults: readonly CallFault[] = [
    {kind: 'unsent'},
    {kind: 'lostReply'},
    {kind: 'lostReply'},
    {kind: 'hang'},
    {kind: 'hang', happens: true},
    {kind: 'status', status: 409},
    {kind: 'status', status: 429, retryAfterMs: draw.of([0, 1_000, 5_000])},
    {kind: 'status', status: 500},
    {kind: 'status', status: 503, retryAfterMs: 1_000},
    {kind: 'status', status: 504},
    {kind: 'status', status: 410},
  ];
  return draw.of(faults);
}

function lineFault(draw: Draw): CallFault {
  // None is dropped or swapped: a server ends a watch rather than leave something out.
  const what = draw.of(['break', 'end', 'half', 'garble', 'double', 'silence'] as const);
  return {kind: 'lines', afterLines: draw.magnitude(1, 200), what};
}

const plurals = ['containerrequests', 'workers', 'leases', 'pods', 'workerpools'] as const;

function anyEffect(draw: Draw, around: FaultSurroundings): Effect {
  const victim = victimOf(draw, around);
  const pick = draw.int(0, 9_999);
  const effects: readonly (() => Effect)[] = [
    () => crash(draw, around),
    () => ({do: 'pause', victim, forMs: draw.magnitude(100, 180_000)}),
    () => ({do: 'stop', victim, downMs: draw.magnitude(50, 20_000)}),
    () => ({do: 'unreachable', victim, forMs: draw.magnitude(50, 60_000)}),
    () => ({do: 'cutWatches', victim}),
    () => ({do: 'silence', victim}),
    () => ({
      do: 'lag',
      victim,
      plural: draw.of(plurals),
      byMs: draw.magnitude(20, 20_000),
      forMs: draw.magnitude(100, 60_000),
    }),
    () => ({do: 'expire', victim}),
    () => ({do: 'serverDown', forMs: draw.magnitude(50, 30_000)}),
    () => ({
      do: 'overload',
      status: draw.of([429, 500, 503, 504]),
      forMs: draw.magnitude(100, 20_000),
    }),
    () => ({do: 'wallJump', byMs: draw.of([-1, 1]) * draw.magnitude(100, 7_200_000)}),
    () => ({do: 'leaseDeleted'}),
    () => ({do: 'agentSilent', pick, forMs: draw.magnitude(1_000, 120_000)}),
    () => ({do: 'request', change: draw.of(requestChanges), pick}),
    () => ({do: 'request', change: draw.of(requestChanges), pick}),
    () => ({do: 'worker', change: draw.of(workerChanges), pick}),
    () => ({do: 'worker', change: draw.of(workerChanges), pick}),
    ...(around.isLedgerOutside ? ledgerEffects(draw) : []),
  ];
  return draw.of(effects)();
}

function ledgerEffects(draw: Draw): readonly (() => Effect)[] {
  return [
    () => ({do: 'ledgerDown', forMs: draw.magnitude(50, 30_000)}),
    () => ({do: 'ledgerSlow', byMs: draw.magnitude(5, 3_000), forMs: draw.magnitude(100, 20_000)}),
    () => ({do: 'ledgerEmptied'}),
    () => ({do: 'ledgerFailedOver', lostMs: draw.magnitude(50, 1_000)}),
  ];
}
