import {asObject, asText, type RawObject} from '../api/rawObject.ts';
import {pathOf, type Resource} from '../kube/resource.ts';
import {type Transport, TransportError} from '../kube/transport.ts';
import {type Refusal, refusalOf} from './watchEvent.ts';

/** Which objects of a kind are looked at. */
export interface Selection {
  readonly resource: Resource;
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface PageQuery {
  /** Absent: the whole list. */
  readonly limit?: number;
  /** From the page before; absent for the first one. */
  readonly continueToken?: string;
  /**
   * A list at least this new may be answered from the server's cache; absent: a consistent read.
   */
  readonly notOlderThan?: string;
}

export type PageResult =
  | {
      readonly kind: 'page';
      readonly objects: readonly RawObject[];
      /** Of the whole list, the same on every page. */
      readonly resourceVersion: string;
      /** Absent on the last page. */
      readonly continueToken?: string;
    }
  | ({readonly kind: 'refused'} & Refusal)
  | {readonly kind: 'broken'; readonly cause: TransportError};

/** Where the collection is. */
export function collectionPath({resource, namespace}: Selection): string {
  return pathOf(resource, namespace === undefined ? {} : {namespace});
}

/** Reads one page of a list. Rejects only with what `signal` makes the transport throw. */
export async function listPage(
  transport: Transport,
  selection: Selection,
  query: PageQuery,
  signal: AbortSignal,
): Promise<PageResult> {
  const {limit, continueToken, notOlderThan} = query;
  // A continue token carries its own version; naming another one beside it is refused.
  const isFresh = continueToken === undefined && notOlderThan !== undefined;
  const call = {
    method: 'GET',
    path: collectionPath(selection),
    query: {
      limit,
      continue: continueToken,
      resourceVersion: isFresh ? notOlderThan : undefined,
      resourceVersionMatch: isFresh ? 'NotOlderThan' : undefined,
      fieldSelector: selection.fieldSelector,
      labelSelector: selection.labelSelector,
    },
  } as const;
  try {
    const reply = await transport.send(call, signal);
    if (reply.status >= 400) {
      return {kind: 'refused', ...refusalOf(reply.body, reply.status, reply.retryAfterMs)};
    }
    return pageOf(reply.body, call.path);
  } catch (error) {
    if (error instanceof TransportError) return {kind: 'broken', cause: error};
    throw error;
  }
}

/**
 * How far the server is, by a list in which nothing is. Without a limit kube-apiserver answers it
 * from its cache, which asks etcd for that how far it has come: the bookmarks of a quiet watch,
 * which are as old as the cache, say it then too.
 */
export function readVersion(
  transport: Transport,
  selection: Selection,
  signal: AbortSignal,
): Promise<PageResult> {
  const selectors = [selection.fieldSelector ?? [], 'metadata.name=-'].flat();
  return listPage(transport, {...selection, fieldSelector: selectors.join(',')}, {}, signal);
}

function pageOf(body: unknown, path: string): PageResult {
  const {kind, metadata, items} = asObject(body);
  const resourceVersion = asText(asObject(metadata).resourceVersion);
  if (!Array.isArray(items) || resourceVersion === '') {
    const message = `Cannot list ${path}: the reply has kind ${asText(kind) || 'none'} and resourceVersion ${resourceVersion || 'none'}; wanted a list with one`;
    return {kind: 'broken', cause: new TransportError(message)};
  }
  const continueToken = asText(asObject(metadata).continue);
  const page = {kind: 'page', objects: items.map(asObject), resourceVersion} as const;
  return continueToken === '' ? page : {...page, continueToken};
}
