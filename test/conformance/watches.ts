import {describe, expect, it} from 'vitest';
import type {Bench} from './bench.ts';
import {widgets} from './widgetCrd.ts';

/** Watches: what they start from, what they say, how they end. */
export function watches(bench: Bench): void {
  const revision = async () => (await bench.list()).metadata.resourceVersion;
  const remove = (name: string) => bench.call('DELETE', bench.path(widgets, name));

  describe('a watch', () => {
    it('from a revision says what happened since and what happens', async () => {
      await bench.create('before');
      const resourceVersion = await revision();
      const made = await bench.create('a');
      const watching = await bench.watch({resourceVersion});
      const changed = await bench.change('a', {spec: {image: 'b'}});
      await remove('a');
      const events = await watching.until(3);
      expect(watching.short).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
      expect(events[0]!.object).toEqual(made);
      expect(events[1]!.object).toEqual(changed);
      const last = events[2]!.object;
      expect(last).toMatchObject({spec: changed.spec, metadata: {uid: made.metadata.uid}});
      expect(Number(last.metadata.resourceVersion)).toBeGreaterThan(
        Number(changed.metadata.resourceVersion),
      );
    });

    it.each([{}, {resourceVersion: '0'}])('from %j starts with all there is', async (query) => {
      await bench.create('b');
      await bench.create('a');
      const watching = await bench.watch(query);
      await watching.until(2);
      expect(watching.short.sort()).toEqual(['ADDED a', 'ADDED b']);
      await bench.create('c');
      await watching.until(3);
      expect(watching.short[2]).toBe('ADDED c');
    });

    it('says nothing of a write that changes nothing', async () => {
      await bench.create('a');
      const watching = await bench.watch({resourceVersion: await revision()});
      await bench.change('a', {spec: {image: 'a'}});
      await bench.create('b');
      await watching.until(1);
      expect(watching.short).toEqual(['ADDED b']);
    });

    it('says nothing of other namespaces, unless it is of all', async () => {
      const one = await bench.watch({resourceVersion: await revision()});
      const path = '/apis/conformance.berth.dev/v1/widgets';
      const all = await bench.watch({resourceVersion: await revision()}, path);
      const here = bench.namespace;
      await bench.freshNamespace();
      await bench.create('there');
      const back = `/apis/conformance.berth.dev/v1/namespaces/${here}/widgets`;
      await bench.call('POST', back, {
        apiVersion: 'conformance.berth.dev/v1',
        kind: 'Widget',
        metadata: {name: 'here'},
        spec: {image: 'a'},
      });
      await one.until(1);
      await all.until(2);
      expect(one.short).toEqual(['ADDED here']);
      expect(all.short).toEqual(['ADDED there', 'ADDED here']);
    });

    it('by labels says of an object that leaves that it is deleted, as it was', async () => {
      await bench.create('a', {image: 'a'}, {labels: {k: 'x'}});
      await bench.create('b');
      const watching = await bench.watch({resourceVersion: await revision(), labelSelector: 'k=x'});
      await bench.change('a', {spec: {image: 'b'}});
      const left = await bench.change('a', {metadata: {labels: {k: 'y'}}});
      await bench.change('a', {spec: {image: 'c'}});
      await bench.change('b', {metadata: {labels: {k: 'x'}}});
      await remove('b');
      await remove('a');
      await bench.create('c', {image: 'a'}, {labels: {k: 'x'}});
      const events = await watching.until(5);
      expect(watching.short).toEqual([
        'MODIFIED a',
        'DELETED a',
        'ADDED b',
        'DELETED b',
        'ADDED c',
      ]);
      expect(events[1]!.object.metadata).toMatchObject({
        labels: {k: 'x'},
        resourceVersion: left.metadata.resourceVersion,
      });
    });

    it('by a field says of an object that leaves that it is deleted', async () => {
      await bench.create('a');
      const resourceVersion = await revision();
      const query = {resourceVersion, fieldSelector: 'status.workerName=w-1'};
      const watching = await bench.watch(query);
      await bench.change('a', {status: {workerName: 'w-1'}}, 'status');
      await bench.change('a', {status: {phase: 'Running'}}, 'status');
      await bench.change('a', {status: {workerName: 'w-2'}}, 'status');
      await bench.change('a', {status: {workerName: 'w-1'}}, 'status');
      await remove('a');
      await watching.until(5);
      const wanted = ['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED a', 'DELETED a'];
      expect(watching.short).toEqual(wanted);
      const later = await bench.watch(query);
      await later.until(5);
      expect(later.short).toEqual(wanted);
    });

    it('of one name says nothing of others', async () => {
      const query = {resourceVersion: await revision(), fieldSelector: 'metadata.name=b'};
      const watching = await bench.watch(query);
      await bench.create('a');
      await bench.create('b');
      await watching.until(1);
      expect(watching.short).toEqual(['ADDED b']);
    });

    it('sees the mark of a deletion, then the end', async () => {
      await bench.create('a', {image: 'a'}, {finalizers: ['x.io/y']});
      const watching = await bench.watch({resourceVersion: await revision()});
      await remove('a');
      await bench.change('a', {metadata: {finalizers: null}});
      const events = await watching.until(2);
      expect(watching.short).toEqual(['MODIFIED a', 'DELETED a']);
      expect(events.map(({object}) => typeof object.metadata.deletionTimestamp)).toEqual([
        'string',
        'string',
      ]);
    });

    it('ends in good order at its timeout', async () => {
      const watching = await bench.watch({resourceVersion: await revision(), timeoutSeconds: 1});
      await watching.untilEnd();
      expect(watching.events.filter(({type}) => type !== 'BOOKMARK')).toEqual([]);
    });

    it('from a revision that is forgotten says so in its one event', async () => {
      const watching = await bench.watch({resourceVersion: '1'});
      expect(watching.status).toBe(200);
      await watching.untilEnd();
      expect(watching.events).toHaveLength(1);
      expect(watching.events[0]).toMatchObject({
        type: 'ERROR',
        object: {kind: 'Status', status: 'Failure', reason: 'Expired', code: 410},
      });
      expect(watching.events[0]!.object.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
    });
  });

  lists(bench);

  describe('a watch is refused', () => {
    it.each<[string, Record<string, string | boolean>, string]>([
      ['from no revision', {resourceVersion: 'x'}, '500'],
      [
        'by an unknown field',
        {fieldSelector: 'spec.image=a'},
        '400 field label not supported: spec.image',
      ],
      ['by labels that are none', {labelSelector: 'a b'}, '400 unable to parse requirement'],
      [
        'that starts with a list of unknown age',
        {sendInitialEvents: true, allowWatchBookmarks: true},
        '422',
      ],
      [
        'that names an age without a list',
        {resourceVersionMatch: 'NotOlderThan', resourceVersion: '1'},
        '422',
      ],
    ])('%s', async (_, query, wanted) => {
      const watching = await bench.watch(query);
      expect(`${watching.status} ${watching.error?.message}`).toContain(wanted);
      expect(watching.events).toEqual([]);
    });

    it('of a kind that nobody knows', async () => {
      const watching = await bench.watch({}, '/apis/conformance.berth.dev/v1/sprockets');
      expect(watching.status).toBe(404);
    });
  });
}

/** A watch that begins with a list. */
function lists(bench: Bench): void {
  const query = {
    sendInitialEvents: true,
    allowWatchBookmarks: true,
    resourceVersionMatch: 'NotOlderThan',
  };
  const bookmark = {
    type: 'BOOKMARK',
    object: {
      apiVersion: 'conformance.berth.dev/v1',
      kind: 'Widget',
      metadata: {annotations: {'k8s.io/initial-events-end': 'true'}},
    },
  };

  describe('a watch that begins with a list', () => {
    it.each(['', '0'])('says where the list ends (revision "%s")', async (resourceVersion) => {
      await bench.create('a');
      const {metadata} = await bench.create('b');
      const watching = await bench.watch({...query, ...(resourceVersion && {resourceVersion})});
      const events = await watching.until(3);
      expect(watching.short).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
      expect(events[2]).toMatchObject(bookmark);
      expect(Number(events[2]!.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(metadata.resourceVersion),
      );
      await bench.change('a', {spec: {image: 'b'}});
      await watching.until(4);
      expect(watching.short[3]).toBe('MODIFIED a');
    });

    it('says so of an empty one too', async () => {
      const watching = await bench.watch({...query, labelSelector: 'none=such'});
      expect((await watching.until(1))[0]).toMatchObject(bookmark);
    });

    it('can be told to leave the list out', async () => {
      await bench.create('a');
      const {resourceVersion} = (await bench.list()).metadata;
      const watching = await bench.watch({...query, sendInitialEvents: false, resourceVersion});
      await bench.create('b');
      await watching.until(1);
      expect(watching.short).toEqual(['ADDED b']);
    });
  });
}
