import {
  containerRequests,
  events,
  leases,
  ledgers,
  nodes,
  pathOf,
  pods,
  type Resource,
  workerPools,
  workers,
} from './resource.ts';
import {ApiError, type Transport} from './transport.ts';

/** One thing the operator must be allowed to do. */
export interface Right {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  readonly resource: Resource;
  readonly subresource?: 'status';
  /** All namespaces when absent. */
  readonly namespace?: string;
}

export interface PreflightOptions {
  readonly transport: Transport;
  /** Of the Lease, and of the agents' heartbeats; undefined when leader election is off. */
  readonly leaseNamespace?: string | undefined;
  /** Whether capacity is committed in the Ledger object. */
  readonly usesLedgerObject: boolean;
}

interface AccessReview {
  readonly status?: {readonly allowed?: boolean};
}

const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/**
 * Looks, before anything starts, whether the API server knows Berth's kinds and whether this
 * account may do what the operator does. Returns what is wrong, one sentence each with what to do;
 * empty when all is well.
 * @throws TransportError or ApiError when the server cannot be asked
 */
export async function preflight(
  options: PreflightOptions,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const kinds = [containerRequests, workers, workerPools];
  if (options.usesLedgerObject) kinds.push(ledgers);
  const unknown = await filterAsync(kinds, (kind) => isUnknown(options.transport, kind, signal));
  const rights = operatorRights(options);
  const missing = await filterAsync(rights, (right) => isDenied(options.transport, right, signal));
  const problems: string[] = [];
  if (unknown.length > 0) {
    const names = unknown.map(({plural, group}) => `${plural}.${group}`).join(', ');
    problems.push(
      `Cannot start as the API server does not know ${names}: apply the CRDs first (kubectl apply -k crds, or the chart)`,
    );
  }
  if (missing.length > 0) {
    problems.push(
      `Cannot start as this account may not ${missing.map(describeRight).join(', ')}: bind it to the roles of deploy/ (the chart does)`,
    );
  }
  return problems;
}

/** Everything that the operator does through the API server. The roles in deploy/ grant it. */
export function operatorRights(
  options: Pick<PreflightOptions, 'leaseNamespace' | 'usesLedgerObject'>,
): readonly Right[] {
  const of = (resource: Resource, ...verbs: Right['verb'][]): Right[] =>
    verbs.map((verb) => ({verb, resource}));
  const status = (resource: Resource): Right => ({verb: 'patch', resource, subresource: 'status'});
  const {leaseNamespace: namespace} = options;
  const electing: Right[] =
    namespace === undefined
      ? []
      : of(leases, 'get', 'list', 'watch', 'create', 'patch').map((right) => ({
          ...right,
          namespace,
        }));
  return [
    ...of(containerRequests, 'get', 'list', 'watch', 'delete'),
    status(containerRequests),
    {verb: 'update', resource: containerRequests, subresource: 'status'},
    ...of(workers, 'list', 'watch', 'create', 'patch', 'delete'),
    status(workers),
    ...of(workerPools, 'list', 'watch'),
    status(workerPools),
    ...(options.usesLedgerObject ? [...of(ledgers, 'get', 'create'), status(ledgers)] : []),
    ...of(pods, 'list', 'watch', 'create', 'delete'),
    ...of(nodes, 'list', 'watch'),
    ...of(events, 'create'),
    ...electing,
  ];
}

async function isUnknown(
  transport: Transport,
  kind: Resource,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const call = {method: 'GET', path: pathOf(kind), query: {limit: 1}} as const;
  const reply = await transport.send(call, signal);
  // 403 is a question of rights, and comes for a kind that is not there as well.
  if (reply.status === 404) return true;
  if (reply.status >= 400 && reply.status !== 403) throw new ApiError(call, reply);
  return false;
}

async function isDenied(
  transport: Transport,
  right: Right,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const {verb, resource, subresource, namespace} = right;
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: {
      resourceAttributes: {
        verb,
        group: resource.group,
        resource: resource.plural,
        ...(subresource && {subresource}),
        ...(namespace !== undefined && {namespace}),
      },
    },
  };
  const call = {method: 'POST', path: ACCESS_REVIEWS, body} as const;
  const reply = await transport.send<AccessReview>(call, signal);
  // A server without reviews (the embedded one), or one that keeps them to itself, has not refused
  // anything yet.
  if (reply.status === 404 || reply.status === 403) return false;
  if (reply.status >= 400) throw new ApiError(call, reply);
  return reply.body.status?.allowed === false;
}

function describeRight({verb, resource, subresource, namespace}: Right): string {
  const what = [resource.plural, subresource].filter(Boolean).join('/');
  return `${verb} ${what}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

async function filterAsync<T>(
  all: readonly T[],
  keep: (one: T) => Promise<boolean>,
): Promise<readonly T[]> {
  const kept = await Promise.all(all.map(keep));
  return all.filter((_, index) => kept[index]);
}
