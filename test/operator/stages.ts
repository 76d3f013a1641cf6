import type {HoldOptions} from '../../src/simulate/replicaTransport.ts';
import {type CallMatch, isBind, isCommit} from './calls.ts';
import type {OperatorRig} from './operatorRig.ts';

/** Where in its way through the operator a request can be when the world changes. */
export const stages = [
  'while it is queued',
  'between snapshot and commit',
  'while the reply to its commit is on its way',
  'between commit and bind',
  'while the reply to its bind is on its way',
  'once it is bound',
] as const;
export type Stage = (typeof stages)[number];

/** Up to here nothing of the placement is in the request itself. */
export function isBeforeBind(stage: Stage): boolean {
  return stages.indexOf(stage) < stages.indexOf('while the reply to its bind is on its way');
}

/** Up to here the operator can still turn back. */
export function isBeforeHandOver(stage: Stage): boolean {
  return stages.indexOf(stage) < stages.indexOf('between commit and bind');
}

/** The ledgers with which a call can be held there: the one in memory is asked by no call. */
export function ledgersAt(stage: Stage): readonly ('kubernetes' | 'memory')[] {
  return holds[stage]?.[0] === isCommit ? ['kubernetes'] : ['kubernetes', 'memory'];
}

const holds: Readonly<Partial<Record<Stage, readonly [CallMatch, HoldOptions['at']]>>> = {
  'between snapshot and commit': [isCommit, 'sent'],
  'while the reply to its commit is on its way': [isCommit, 'done'],
  'between commit and bind': [isBind, 'sent'],
  'while the reply to its bind is on its way': [isBind, 'done'],
};

/** Creates the requests `names`, brings them to `stage`, changes the world there, and lets go. */
export async function changeAt(
  rig: OperatorRig,
  stage: Stage,
  {names, spec, change}: {names: readonly string[]; spec?: object; change: () => Promise<void>},
): Promise<void> {
  const {leader, world} = rig;
  const held = holds[stage];
  const hold = held && leader.transport.hold({matches: held[0], at: held[1]});
  await world.createRequests(names, spec);
  if (hold) await rig.until('the call is on its way', () => hold.calls.length > 0);
  if (stage === 'once it is bound') await rig.placed(names);
  await change();
  // Time for the news to reach the operator while the call is still on its way.
  await rig.advance(stage === 'while it is queued' ? 0 : 500);
  hold?.release();
}
