import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';

interface ApiResources {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly verbs: readonly string[];
  }[];
}

/** What every cluster keeps changing by itself: no kind of objects that somebody creates. */
const leftOut = new Set(['componentstatuses']);

/** `KIND NAMESPACE/NAME` of every object of every kind that the API server lists, ascending. */
export async function allObjects(transport: Transport): Promise<readonly string[]> {
  const roots = await groupVersions(transport);
  const found = await Promise.all(roots.map((root) => objectsBelow(transport, root)));
  return [...new Set(found.flat())].sort();
}

async function groupVersions(transport: Transport): Promise<readonly string[]> {
  const {groups} = await sendOrThrow<{
    groups: readonly {readonly preferredVersion: {readonly groupVersion: string}}[];
  }>(transport, {method: 'GET', path: '/apis'});
  return [
    '/api/v1',
    ...groups.map(({preferredVersion}) => `/apis/${preferredVersion.groupVersion}`),
  ];
}

async function objectsBelow(transport: Transport, root: string): Promise<string[]> {
  const {resources} = await sendOrThrow<ApiResources>(transport, {method: 'GET', path: root});
  const listed = resources.filter(
    ({name, verbs}) => verbs.includes('list') && !name.includes('/') && !leftOut.has(name),
  );
  const lists = await Promise.all(
    listed.map(async ({name, kind}) => {
      const list = await sendOrThrow<{
        items: readonly {readonly metadata: {readonly namespace?: string; readonly name: string}}[];
      }>(transport, {method: 'GET', path: `${root}/${name}`});
      return list.items.map(({metadata}) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    }),
  );
  return lists.flat();
}
