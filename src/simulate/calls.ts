import {
  containerRequests,
  events,
  leases,
  ledgers,
  type Resource,
  workers,
} from '../kube/resource.ts';
import type {ApiCall} from '../kube/transport.ts';

/** One kind of call that a replica makes. */
export type CallMatch = (call: ApiCall) => boolean;

const isOf = ({path}: ApiCall, {plural}: Resource) => path.split('/').includes(plural);
const statusOf = ({body}: ApiCall) =>
  (body as {status?: Readonly<Record<string, unknown>>} | undefined)?.status ?? {};

/** A write of the Ledger object: an epoch, a settle, a commit. */
export const isLedgerPatch: CallMatch = (call) => call.method === 'PATCH' && isOf(call, ledgers);

/** A ledger write of a cycle. */
export const isCommit: CallMatch = (call) =>
  isLedgerPatch(call) && Number(statusOf(call)['cycle']) > 0;

export const isRequestWrite: CallMatch = (call) =>
  ['PATCH', 'PUT'].includes(call.method) && isOf(call, containerRequests);

/** A placement on its way to its request. */
export const isBind: CallMatch = (call) =>
  isRequestWrite(call) && typeof statusOf(call)['workerName'] === 'string';

/** The reason of a waiting request on its way to it. */
export const isReason: CallMatch = (call) =>
  isRequestWrite(call) && !('workerName' in statusOf(call));

export const isRequestRead: CallMatch = (call) =>
  call.method === 'GET' && isOf(call, containerRequests);

export const isLease: CallMatch = (call) => isOf(call, leases);

export const isEvent: CallMatch = (call) => call.method === 'POST' && isOf(call, events);

/** The sums on a Worker, for people. */
export const isWorkerView: CallMatch = (call) => call.method === 'PATCH' && isOf(call, workers);

/** A list, by pages or as the first part of a watch. */
export const isListOf =
  (resource: Resource): CallMatch =>
  ({method, path}) =>
    method === 'GET' && path.endsWith(`/${resource.plural}`);

/** Uids in flight after this ledger write. */
export function inFlightOf(call: ApiCall): readonly string[] {
  const {inFlight = []} = statusOf(call) as {inFlight?: readonly {uid: string}[]};
  return inFlight.map(({uid}) => uid);
}

/** The kinds of call that a fault is aimed at; the ledger outside has `ledger` and `commit` too. */
export const callKinds = [
  'commit',
  'ledger',
  'bind',
  'reason',
  'step',
  'read',
  'list',
  'watch',
  'lease',
  'event',
  'view',
  'other',
] as const;
export type CallKind = (typeof callKinds)[number];

export function callKindOf(call: ApiCall, isWatch: boolean): CallKind {
  if (isWatch) return 'watch';
  const {method, path} = call;
  if (path.includes('/containerrequests')) {
    if (method === 'GET') return path.endsWith('/containerrequests') ? 'list' : 'read';
    if (method !== 'PATCH' && method !== 'PUT') return 'step';
    const {workerName} = statusOf(call);
    if (typeof workerName === 'string') return 'bind';
    return workerName === undefined ? 'reason' : 'step';
  }
  if (path.includes('/ledgers')) return isCommit(call) ? 'commit' : 'ledger';
  if (path.includes('/leases')) return path.endsWith('/leases') ? 'list' : 'lease';
  if (path.includes('/events')) return 'event';
  if (path.includes('/workers')) return method === 'GET' ? 'list' : 'view';
  return method === 'GET' ? 'list' : 'other';
}
