import {describe, expect, it} from 'vitest';
import {waitFor} from '../servers/waitFor.ts';
import {type Bench, refusalOf, type Seen, widget} from './bench.ts';
import {widgets} from './widgetCrd.ts';

const DEADLINE_MS = 30_000;

/** What goes along with what: dependents with their owner, content with its Namespace. */
export function garbage(bench: Bench): void {
  const ownedBy = ({metadata}: Seen) => ({
    apiVersion: 'conformance.berth.dev/v1',
    kind: 'Widget',
    name: metadata.name,
    uid: metadata.uid,
  });
  const gone = (name: string) =>
    waitFor(`${name} to be gone`, DEADLINE_MS, async () => {
      return (await bench.call('GET', bench.path(widgets, name))).status === 404;
    });
  const remove = (name: string, propagationPolicy?: string) =>
    bench.call('DELETE', bench.path(widgets, name), propagationPolicy && {propagationPolicy});

  describe('a dependent', () => {
    it('goes after its owner, and its own dependents too', async () => {
      const owner = await bench.create('owner');
      const child = await bench.create('child', undefined, {ownerReferences: [ownedBy(owner)]});
      await bench.create('grandchild', undefined, {ownerReferences: [ownedBy(child)]});
      await bench.create('stranger');
      await remove('owner');
      await gone('child');
      await gone('grandchild');
      expect((await bench.get('stranger')).metadata.name).toBe('stranger');
    });

    it('stays while another owner is there', async () => {
      const [one, two] = [await bench.create('one'), await bench.create('two')];
      const ownerReferences = [ownedBy(one), ownedBy(two)];
      await bench.create('child', undefined, {ownerReferences});
      await remove('one');
      await waitFor('the reference to be gone', DEADLINE_MS, async () => {
        return (await bench.get('child')).metadata.ownerReferences?.length === 1;
      });
      await remove('two');
      await gone('child');
    });

    it('of an owner that never was goes', async () => {
      const uid = '11111111-1111-4111-8111-111111111111';
      const reference = {apiVersion: 'conformance.berth.dev/v1', kind: 'Widget', name: 'no', uid};
      await bench.create('child', undefined, {ownerReferences: [reference]});
      await gone('child');
    });

    it('goes before its owner where that is asked for', async () => {
      const owner = await bench.create('owner');
      const reference = {...ownedBy(owner), blockOwnerDeletion: true};
      await bench.create('child', undefined, {
        ownerReferences: [reference],
        finalizers: ['x.io/y'],
      });
      const reply = await remove('owner', 'Foreground');
      expect((reply.body as Seen).metadata.finalizers).toEqual(['foregroundDeletion']);
      await waitFor('the child to be marked', DEADLINE_MS, async () => {
        return (await bench.get('child')).metadata.deletionTimestamp !== undefined;
      });
      expect((await bench.get('owner')).metadata.finalizers).toEqual(['foregroundDeletion']);
      // With `null` the real collector's own finalizer goes too, as only ours may be left.
      await bench.change('child', {metadata: {finalizers: null}});
      await gone('child');
      await gone('owner');
    });

    it('stays without its owner where that is asked for', async () => {
      const owner = await bench.create('owner');
      await bench.create('child', undefined, {ownerReferences: [ownedBy(owner)]});
      await remove('owner', 'Orphan');
      await gone('owner');
      expect((await bench.get('child')).metadata.ownerReferences).toBeUndefined();
    });
  });

  describe('a Namespace that is deleted', () => {
    it('takes its content along, and takes nothing in', async () => {
      await bench.create('a');
      await bench.create('held', undefined, {finalizers: ['x.io/y']});
      const path = `/api/v1/namespaces/${bench.namespace}`;
      const reply = await bench.call('DELETE', path);
      expect(reply.body).toMatchObject({kind: 'Namespace', status: {phase: 'Terminating'}});
      await gone('a');
      const refused = await bench.call('POST', bench.path(widgets), widget('late'));
      expect(refusalOf(refused)).toBe(
        `403 Forbidden: widgets.conformance.berth.dev "late" is forbidden: unable to create new content in namespace ${bench.namespace} because it is being terminated`,
      );
      await bench.change('held', {metadata: {finalizers: null}});
      await waitFor('the namespace to be gone', DEADLINE_MS, async () => {
        return (await bench.call('GET', path)).status === 404;
      });
    });
  });
}
