import type {ApiCall, Transport, WatchReply} from '../kube/transport.ts';

/** Whether a server may answer it from a cache that is behind: any state from `notBefore` on. */
export function cachedRead({query = {}}: ApiCall): {readonly notBefore: number} | undefined {
  const {sendInitialEvents, resourceVersion} = query;
  if (sendInitialEvents !== true || resourceVersion === undefined) return undefined;
  return {notBefore: Number(resourceVersion)};
}

/**
 * The watch that a server opens whose cache is at `version`: what there was then, and from there on
 * what came since. Undefined where that history is forgotten.
 */
export async function staleWatch(
  transport: Transport,
  call: ApiCall,
  {version, signal}: {version: number; signal: AbortSignal},
): Promise<WatchReply | undefined> {
  const {sendInitialEvents: _, resourceVersionMatch: __, ...rest} = call.query ?? {};
  const {fieldSelector, labelSelector} = rest;
  const exact = {resourceVersion: version, resourceVersionMatch: 'Exact'};
  const list = await transport.send<{readonly items: readonly object[]}>(
    {method: 'GET', path: call.path, query: {fieldSelector, labelSelector, ...exact}},
    signal,
  );
  if (list.status !== 200) return undefined;
  const query = {...rest, resourceVersion: version};
  const reply = await transport.watch({...call, query}, signal);
  return {...reply, lines: inOrder(list.body.items, version, reply.lines)};
}

async function* inOrder(
  items: readonly object[],
  version: number,
  lines: AsyncIterable<string>,
): AsyncGenerator<string, void> {
  for (const object of items) yield JSON.stringify({type: 'ADDED', object});
  const annotations = {'k8s.io/initial-events-end': 'true'};
  const metadata = {resourceVersion: String(version), annotations};
  yield JSON.stringify({type: 'BOOKMARK', object: {metadata}});
  yield* lines;
}
