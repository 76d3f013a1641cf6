import {
  containerRequests,
  events,
  leases,
  ledgers,
  type Resource,
  workers,
} from '../../src/kube/resource.ts';
import type {ApiCall} from '../../src/kube/transport.ts';
import {type CallKind, callKindOf, statusOf} from '../../src/simulate/calls.ts';

/** One kind of call that a replica makes. */
export type CallMatch = (call: ApiCall) => boolean;

const isOf = ({path}: ApiCall, {plural}: Resource) => path.split('/').includes(plural);
const isKind =
  (kind: CallKind): CallMatch =>
  (call) =>
    callKindOf(call, false) === kind;

/** A write of the Ledger object: an epoch, a settle, a commit. */
export const isLedgerPatch: CallMatch = (call) => call.method === 'PATCH' && isOf(call, ledgers);

/** A ledger write of a cycle. */
export const isCommit = isKind('commit');

/** A placement on its way to its request. */
export const isBind = isKind('bind');

/** The reason of a waiting request on its way to it. */
export const isReason = isKind('reason');

/** Of one request, and lists and watches of all. */
export const isRequestRead: CallMatch = (call) =>
  call.method === 'GET' && isOf(call, containerRequests);

/** Lists and watches of Leases as well. */
export const isLease: CallMatch = (call) => isOf(call, leases);

export const isEvent: CallMatch = (call) => call.method === 'POST' && isOf(call, events);

/** The sums on a Worker, for people. */
export const isWorkerView: CallMatch = (call) => call.method === 'PATCH' && isOf(call, workers);

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
