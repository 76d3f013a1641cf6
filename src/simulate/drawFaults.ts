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

export interface FaultBounds {
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

interface FaultSurroundings extends FaultBounds {
  /** Whether the ledger may lose its contents. */
  readonly isForgetful: boolean;
}

/** Draws the faults of a run, most at a call: that is where one step ends and the next begins. */
export function drawFaults(draw: Draw, bounds: FaultBounds): readonly Fault[] {
  if (bounds.max === 0) return [];
  const around = {...bounds, isForgetful: bounds.isLedgerOutside && draw.chance(0.5)};
  const count = draw.int(1, around.max);
  return Array.from({length: count}, (_, index) => {
    const trigger = draw.chance(0.7) ? atCall(draw, around) : atTime(draw, around);
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
    ['commit', requests / 5],
    ['commit', requests / 5],
    ['commit', requests / 5],
    ['bind', requests],
    ['bind', requests],
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
  const last = Math.max(2, Math.ceil(most));
  const nth = draw.chance(0.5) ? draw.magnitude(1, last) : draw.int(1, last);
  return {on: 'call', kind, nth, moment: draw.chance(0.5) ? 'sent' : 'done'};
}

function victimOf(draw: Draw, {replicas}: FaultSurroundings): Victim {
  return draw.chance(0.7) ? 'leader' : draw.int(0, replicas - 1);
}

function effectOfCall(draw: Draw, around: FaultSurroundings, kind: CallKind): Effect {
  if (kind === 'watch' && draw.chance(0.5)) return {do: 'call', fault: lineFault(draw)};
  const effects: readonly (() => Effect)[] = [
    () => ({do: 'call', fault: callFault(draw, kind)}),
    () => ({do: 'call', fault: callFault(draw, kind)}),
    () => ({do: 'call', fault: callFault(draw, kind)}),
    () => ({do: 'late', byMs: inTransit(draw.magnitude(5, 40_000), around)}),
    () => ({do: 'late', byMs: inTransit(draw.magnitude(5, 40_000), around)}),
    () => ({do: 'twice', afterMs: inTransit(draw.magnitude(1, 20_000), around)}),
    () => crash(draw, around),
    () => crash(draw, around),
    () => ({do: 'pause', victim: 'leader', forMs: takeOverMs(draw), stallMs: stall(draw, around)}),
    () => ({do: 'pause', victim: 'leader', forMs: takeOverMs(draw), stallMs: stall(draw, around)}),
    () => ({do: 'stall', victim: 'leader', forMs: inTransit(draw.magnitude(10, 60_000), around)}),
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
    stallMs: stall(draw, around),
  };
}

/** Half of the time what is on its way arrives at once, else it may when another one leads. */
function stall(draw: Draw, around: FaultSurroundings): number {
  return draw.chance(0.5) ? 0 : inTransit(takeOverMs(draw), around);
}

/**
 * A ledger that forgets its commits cannot tell the next leader of a bind that is still on its way:
 * where it may, all arrives before anybody can lead without its sender.
 */
function inTransit(delayMs: number, {isForgetful}: FaultSurroundings): number {
  return isForgetful ? Math.min(delayMs, 4_000) : delayMs;
}

/** Around the time after which another replica leads. */
function takeOverMs(draw: Draw): number {
  return draw.chance(0.5) ? draw.int(14_000, 25_000) : draw.magnitude(100, 120_000);
}

/** Writes of a status; without its rights on anything else a process ends, with a sentence. */
const refusable: ReadonlySet<CallKind> = new Set(['bind', 'reason', 'step']);
const refusals: readonly CallFault[] = [403, 422].map((status) => ({kind: 'status', status}));

function callFault(draw: Draw, kind: CallKind): CallFault {
  const faults: readonly CallFault[] = [
    {kind: 'unsent'},
    {kind: 'lostReply'},
    {kind: 'lostReply'},
    {kind: 'hang'},
    {kind: 'hang', happens: true},
    {kind: 'status', status: 409},
    ...(refusable.has(kind) ? refusals : []),
    {kind: 'status', status: 429, retryAfterMs: draw.of([0, 1_000, 5_000])},
    {kind: 'status', status: 500},
    {kind: 'status', status: 503, retryAfterMs: 1_000},
    {kind: 'status', status: 504},
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
    () => ({
      do: 'pause',
      victim,
      forMs: draw.magnitude(100, 180_000),
      stallMs: stall(draw, around),
    }),
    () => ({do: 'stall', victim, forMs: inTransit(draw.magnitude(10, 60_000), around)}),
    () => ({do: 'stop', victim, downMs: draw.magnitude(50, 20_000)}),
    () => ({do: 'unreachable', victim, forMs: draw.magnitude(50, 60_000)}),
    () => ({do: 'cutWatches', victim}),
    () => ({do: 'silence', victim}),
    () => ({do: 'silence', victim: draw.int(0, around.replicas - 1)}),
    () => ({
      do: 'lag',
      victim,
      plural: draw.of(plurals),
      byMs: draw.magnitude(20, 20_000),
      forMs: draw.magnitude(100, 60_000),
    }),
    () => ({do: 'expire', victim, forMs: draw.magnitude(500, 30_000)}),
    () => ({do: 'expire', victim, forMs: draw.magnitude(500, 30_000)}),
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
    ...(around.isLedgerOutside ? ledgerOutages(draw) : []),
    ...(around.isForgetful ? ledgerLosses(draw) : []),
  ];
  return draw.of(effects)();
}

function ledgerOutages(draw: Draw): readonly (() => Effect)[] {
  return [
    () => ({do: 'ledgerDown', forMs: draw.magnitude(50, 30_000)}),
    () => ({do: 'ledgerSlow', byMs: draw.magnitude(5, 3_000), forMs: draw.magnitude(100, 20_000)}),
  ];
}

function ledgerLosses(draw: Draw): readonly (() => Effect)[] {
  return [
    () => ({do: 'ledgerEmptied'}),
    () => ({do: 'ledgerFailedOver', lostMs: draw.magnitude(50, 1_000)}),
  ];
}
