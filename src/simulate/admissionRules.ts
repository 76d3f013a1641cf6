import {type ApiStatus, failure} from '../embedded/apiStatus.ts';

type Json = {readonly [key: string]: unknown};

interface StatusOf {
  readonly phase?: string;
  readonly workerName?: string;
  readonly assignment?: {readonly id?: string};
}

/** Who speaks for the agents of all workers. */
export const agentsUser = 'agents';

/** What may change of a request that has a worker; see `api/containerRequestSchema.ts`. */
const mutable = new Set(['suspend', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished']);

/**
 * The CEL rules of the ContainerRequest CRD in code, as the embedded server evaluates none: a
 * placed request keeps its spec, a finished one stays finished, one assignment is for one worker.
 */
export function judgeRequest(
  _operation: string,
  object: Json,
  old: Json | undefined,
  {user, subresource}: {readonly user: string; readonly subresource: 'status' | undefined},
): ApiStatus | undefined {
  if (!old) return undefined;
  // The admission policy of `deploy/`: an agent writes where it has been assigned, nowhere else.
  if (user === agentsUser && (statusOf(old).workerName ?? '') === '') {
    return failure(403, 'Forbidden', 'an agent writes only the status of requests on its worker');
  }
  const sentence =
    subresource === 'status'
      ? wrongInStatus(statusOf(object), statusOf(old))
      : wrongInSpec(object, old);
  return sentence === undefined ? undefined : failure(422, 'Invalid', sentence);
}

function statusOf({status}: Json): StatusOf {
  return (status ?? {}) as StatusOf;
}

function wrongInStatus(next: StatusOf, old: StatusOf): string | undefined {
  const [worker, oldWorker] = [next.workerName ?? '', old.workerName ?? ''];
  const [id, oldId] = [next.assignment?.id ?? '', old.assignment?.id ?? ''];
  if ((next.phase === 'Scheduled' || next.phase === 'Running') && worker === '') {
    return 'status.workerName: wanted a workerName in phase Scheduled and Running';
  }
  if ((old.phase === 'Succeeded' || old.phase === 'Failed') && next.phase !== old.phase) {
    return 'status.phase: wanted the same phase: a finished request stays finished';
  }
  if (oldWorker !== '' && worker !== '' && worker !== oldWorker && id === oldId) {
    return 'status.workerName: wanted the same workerName: one assignment id is for one worker';
  }
  if (oldWorker !== '' && worker === oldWorker && oldId !== '' && id !== oldId) {
    return 'status.assignment: wanted the current assignment id: this request was assigned anew';
  }
  return undefined;
}

function wrongInSpec(object: Json, old: Json): string | undefined {
  if ((statusOf(old).workerName ?? '') === '') return undefined;
  const [spec, oldSpec] = [object['spec'] as Json, old['spec'] as Json];
  const fields = new Set([...Object.keys(spec), ...Object.keys(oldSpec)]);
  for (const field of fields) {
    if (mutable.has(field) || JSON.stringify(spec[field]) === JSON.stringify(oldSpec[field])) {
      continue;
    }
    return `spec.${field} cannot change while the request has a worker: delete the request and create it anew`;
  }
  return undefined;
}
