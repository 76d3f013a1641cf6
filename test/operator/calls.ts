import type {Resource} from '../../src/kube/resource.ts';
import type {ApiCall} from '../../src/kube/transport.ts';
import {type CallKind, callKindOf, statusOf} from '../../src/simulate/calls.ts';

/** One kind of call that a replica makes. */
export type CallMatch = (call: ApiCall) => boolean;

const isOf =
  (...kinds: readonly CallKind[]): CallMatch =>
  (call) =>
    kinds.includes(callKindOf(call, false));

/** A write of the Ledger object: an epoch, a settle, a commit. */
export const isLedgerPatch: CallMatch = (call) =>
  call.method === 'PATCH' && isOf('ledger', 'commit')(call);

/** A ledger write of a cycle. */
export const isCommit = isOf('commit');

/** A placement on its way to its request. */
export const isBind = isOf('bind');

/** The reason of a waiting request on its way to it. */
export const isReason = isOf('reason');

export const isRequestRead = isOf('read');

export const isLease = isOf('lease');

export const isEvent = isOf('event');

/** The sums on a Worker, for people. */
export const isWorkerView = isOf('view');

/** A list, by pages or as the first part of a watch. */
export const isListOf =
  ({plural}: Resource): CallMatch =>
  ({method, path}) =>
    method === 'GET' && path.endsWith(`/${plural}`);

/** Uids in flight after this ledger write. */
export function inFlightOf(call: ApiCall): readonly string[] {
  const {inFlight = []} = statusOf(call) as {inFlight?: readonly {uid: string}[]};
  return inFlight.map(({uid}) => uid);
}
