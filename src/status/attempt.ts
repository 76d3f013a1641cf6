import type {InvalidRequest, ParsedRequest, RequestRecord} from '../api/records.ts';
import {apiVersionOf, containerRequests, pathOf} from '../kube/resource.ts';
import type {ApiCall} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';
import type {StatusIntent} from './outcome.ts';
import {boundStatus, pendingPatch, type StatusPatch} from './statusPatch.ts';

/** What a fresh look at the object says about an intent that may have been written. */
export type Found =
  /** It can be written still, on this state. */
  | {readonly kind: 'open'; readonly record: RequestRecord | InvalidRequest}
  | {readonly kind: 'written'}
  | {readonly kind: 'superseded'}
  | {readonly kind: 'gone'};

/** The write of an intent upon one state of its object; undefined when that says it already. */
export function writeFor(
  intent: StatusIntent,
  record: RequestRecord | InvalidRequest,
  nowMs: number,
): ApiCall | undefined {
  if (intent.kind === 'pending') {
    const patch = pendingPatch(record, {...intent, nowMs});
    return patch && patchCall(record, patch);
  }
  if (record.kind === 'invalid') return undefined;
  return replaceCall(record, boundStatus(record, {...intent, nowMs}));
}

const query = {fieldManager: 'berth'};

function placeOf({namespace, name}: RequestRecord | InvalidRequest): string {
  return pathOf(containerRequests, {namespace, name, subresource: 'status'});
}

function patchCall(record: RequestRecord | InvalidRequest, body: StatusPatch): ApiCall {
  const contentType = 'application/merge-patch+json';
  return {method: 'PATCH', path: placeOf(record), query, contentType, body};
}

/**
 * A PUT of the status costs the API server a tenth less than a merge patch, which it applies to the
 * object's text and reads again (`test/perf/README.md`). It takes the spec and the rest of the
 * metadata from its own object.
 */
function replaceCall(record: RequestRecord, status: StatusPatch['status']): ApiCall {
  const {namespace, name, uid, resourceVersion} = record;
  const body = {
    apiVersion: apiVersionOf(containerRequests),
    kind: containerRequests.kind,
    metadata: {namespace, name, uid, resourceVersion},
    status,
  };
  return {method: 'PUT', path: placeOf(record), query, body};
}

/** Compares an intent with the object as it is now. */
export function judge(intent: StatusIntent, found: ParsedRequest): Found {
  if (found.uid !== intent.record.uid) return {kind: 'gone'};
  switch (found.kind) {
    case 'finished':
      return {kind: 'superseded'};
    case 'invalid':
    case 'valid':
      return intent.kind === 'bind' ? judgeBind(intent, found) : judgePending(intent, found);
    default:
      return assertNever(found);
  }
}

function judgeBind(
  {record: decided, workerName, assignment}: StatusIntent & {kind: 'bind'},
  found: RequestRecord | InvalidRequest,
): Found {
  const {placement} = found;
  // The worker too: where the Lease and the ledger forget a term, its ids may come again.
  const isOurs = placement?.assignmentId === assignment.id && placement.workerName === workerName;
  if (isOurs) return {kind: 'written'};
  if (found.placement !== undefined || found.kind === 'invalid') return {kind: 'superseded'};
  if (found.deleting || found.suspended) return {kind: 'superseded'};
  // Edited: the worker was chosen for other demands.
  if (found.classKey !== decided.classKey) return {kind: 'superseded'};
  return {kind: 'open', record: found};
}

function judgePending(
  {record: decided}: StatusIntent & {kind: 'pending'},
  found: RequestRecord | InvalidRequest,
): Found {
  const isDecidedUpon = found.kind === decided.kind && found.generation === decided.generation;
  if (!isDecidedUpon || found.placement !== undefined) return {kind: 'superseded'};
  if (found.kind === 'valid' && found.deleting) return {kind: 'superseded'};
  return {kind: 'open', record: found};
}
