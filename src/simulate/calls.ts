import type {ApiCall} from '../kube/transport.ts';

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
  if (path.includes('/ledgers')) {
    return method === 'PATCH' && Number(statusOf(call)['cycle']) > 0 ? 'commit' : 'ledger';
  }
  if (path.includes('/leases')) return path.endsWith('/leases') ? 'list' : 'lease';
  if (path.includes('/events')) return 'event';
  if (path.includes('/workers')) return method === 'GET' ? 'list' : 'view';
  return method === 'GET' ? 'list' : 'other';
}

/** The status that a call writes. */
export function statusOf({body}: ApiCall): Readonly<Record<string, unknown>> {
  return (body as {status?: Readonly<Record<string, unknown>>} | undefined)?.status ?? {};
}
