import {expect, it} from 'vitest';
import {containerRequests, pathOf} from '../../src/kube/resource.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {cachedRead, staleWatch} from '../../src/simulate/staleWatch.ts';
import {World} from '../../src/simulate/world.ts';

const call = {
  method: 'GET',
  path: pathOf(containerRequests),
  query: {
    watch: true,
    allowWatchBookmarks: true,
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    resourceVersion: '0',
  },
} as const;

it('a cache that is behind shows what was, and then what came since, in order', async () => {
  const world = new World({random: seededRandom(1)});
  await world.createRequests(['r-1', 'r-2']);
  const version = world.server.resourceVersion;
  await world.remove({resource: containerRequests, name: 'r-1'});
  await world.createRequests(['r-3']);
  const over = new AbortController();
  const reply = await staleWatch(world.api, call, {version, signal: over.signal});
  const seen: string[] = [];
  for await (const line of reply!.lines) {
    const {type, object} = JSON.parse(line) as {type: string; object: {metadata: {name?: string}}};
    seen.push(`${type} ${object.metadata.name ?? ''}`);
    if (seen.length === 5) break;
  }
  over.abort();
  expect(seen).toEqual(['ADDED r-1', 'ADDED r-2', 'BOOKMARK ', 'DELETED r-1', 'ADDED r-3']);
});

it('a state whose history is forgotten cannot be shown', async () => {
  const world = new World({random: seededRandom(1)});
  await world.createRequests(['r-1']);
  const version = world.server.resourceVersion;
  await world.createRequests(['r-2']);
  world.server.compact();
  const {signal} = new AbortController();
  expect(await staleWatch(world.api, call, {version, signal})).toBeUndefined();
});

it.each([
  ['any state', {...call.query}, {notBefore: 0}],
  ['any state from one on', {...call.query, resourceVersion: '7'}, {notBefore: 7}],
  ['the present state only', {...call.query, resourceVersion: undefined}, undefined],
  ['what follows a state', {watch: true, resourceVersion: '7'}, undefined],
])('who asks for %s is told so', (_, query, cached) => {
  expect(cachedRead({...call, query})).toEqual(cached);
});
