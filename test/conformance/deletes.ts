import {describe, expect, it} from 'vitest';
import {type Bench, refusalOf, type Seen, type SeenList, widget} from './bench.ts';
import {widgets} from './widgetCrd.ts';

/** Deletion: at once, held back by finalizers, guarded, many at a time. */
export function deletes(bench: Bench): void {
  describe('a deletion', () => {
    it('removes the object and says which', async () => {
      const {metadata} = await bench.create('a');
      const reply = await bench.call('DELETE', bench.path(widgets, 'a'));
      expect(reply.status).toBe(200);
      expect(reply.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: {
          name: 'a',
          group: 'conformance.berth.dev',
          kind: 'widgets',
          uid: metadata.uid,
        },
      });
      const missing = '404 NotFound: widgets.conformance.berth.dev "a" not found';
      expect(refusalOf(await bench.call('GET', bench.path(widgets, 'a')))).toBe(missing);
      expect(refusalOf(await bench.call('DELETE', bench.path(widgets, 'a')))).toBe(missing);
    });

    it('waits for finalizers, and ends with the last of them', async () => {
      const made = await bench.create('a', {image: 'a'}, {finalizers: ['x.io/y', 'x.io/z']});
      const reply = await bench.call('DELETE', bench.path(widgets, 'a'));
      const marked = reply.body as Seen;
      expect(marked.metadata).toMatchObject({
        generation: 2,
        deletionGracePeriodSeconds: 0,
        finalizers: ['x.io/y', 'x.io/z'],
      });
      expect(marked.metadata.deletionTimestamp).toMatch(/Z$/);
      expect(marked.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
      const again = await bench.call('DELETE', bench.path(widgets, 'a'));
      expect((again.body as Seen).metadata.resourceVersion).toBe(marked.metadata.resourceVersion);
      await bench.change('a', {metadata: {finalizers: ['x.io/z']}});
      expect((await bench.get('a')).metadata.finalizers).toEqual(['x.io/z']);
      await bench.change('a', {metadata: {finalizers: null}});
      expect((await bench.call('GET', bench.path(widgets, 'a'))).status).toBe(404);
    });

    it('that waits still lets the object change, but takes no more finalizers', async () => {
      await bench.create('a', {image: 'a'}, {finalizers: ['x.io/y']});
      await bench.call('DELETE', bench.path(widgets, 'a'));
      expect((await bench.change('a', {status: {phase: 'Failed'}}, 'status')).status).toEqual({
        phase: 'Failed',
      });
      expect((await bench.change('a', {spec: {image: 'b'}})).metadata.generation).toBe(3);
      const more = {metadata: {finalizers: ['x.io/y', 'x.io/z']}};
      const refused = await bench.patch(bench.path(widgets, 'a'), more);
      expect(refusalOf(refused)).toContain(
        'no new finalizers can be added if the object is being deleted',
      );
      const created = await bench.call('POST', bench.path(widgets), widget('a'));
      expect(refusalOf(created)).toBe(
        '409 AlreadyExists: object is being deleted: widgets.conformance.berth.dev "a" already exists',
      );
      await bench.change('a', {metadata: {finalizers: null}});
    });

    it('holds only for the uid and the resourceVersion that it names', async () => {
      const {metadata} = await bench.create('a');
      const path = bench.path(widgets, 'a');
      const other = '11111111-1111-4111-8111-111111111111';
      const byUid = await bench.call('DELETE', path, {preconditions: {uid: other}});
      expect(refusalOf(byUid)).toContain(
        `the UID in the precondition (${other}) does not match the UID in record (${metadata.uid})`,
      );
      const byVersion = await bench.call('DELETE', path, {preconditions: {resourceVersion: '1'}});
      expect(refusalOf(byVersion)).toMatch(
        /^409 Conflict: .*the ResourceVersion in the precondition \(1\)/,
      );
      const {uid, resourceVersion} = metadata;
      const right = await bench.call('DELETE', path, {preconditions: {uid, resourceVersion}});
      expect(right.status).toBe(200);
    });

    it('with dryRun changes nothing', async () => {
      const made = await bench.create('a');
      expect(
        (await bench.call('DELETE', bench.path(widgets, 'a'), undefined, {dryRun: 'All'})).status,
      ).toBe(200);
      expect(await bench.get('a')).toEqual(made);
    });

    it('of a collection takes what is selected', async () => {
      for (const name of ['a', 'b', 'c']) {
        await bench.create(name, {image: 'a'}, {labels: {half: name === 'c' ? 'two' : 'one'}});
      }
      const reply = await bench.call('DELETE', bench.path(widgets), undefined, {
        labelSelector: 'half=one',
      });
      expect(reply.status).toBe(200);
      const {kind, items} = reply.body as SeenList;
      expect([kind, items.map(({metadata}) => metadata.name)]).toEqual(['WidgetList', ['a', 'b']]);
      expect((await bench.list()).items.map(({metadata}) => metadata.name)).toEqual(['c']);
    });

    it('by a policy that nobody knows is refused', async () => {
      await bench.create('a');
      const reply = await bench.call('DELETE', bench.path(widgets, 'a'), {propagationPolicy: 'No'});
      expect(refusalOf(reply)).toContain('422 Invalid: DeleteOptions.meta.k8s.io "" is invalid');
    });

    it('makes a new object of the name another one', async () => {
      const first = await bench.create('a');
      await bench.call('DELETE', bench.path(widgets, 'a'));
      const second = await bench.create('a');
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
      expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(
        Number(first.metadata.resourceVersion),
      );
    });
  });
}
