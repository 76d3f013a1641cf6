import {describe, expect, it} from 'vitest';
import {type Bench, refusalOf, type Seen, type SeenStatus, widget} from './bench.ts';
import {widgets} from './widgetCrd.ts';

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

/** Merge patches, JSON patches, server-side apply. */
export function patches(bench: Bench): void {
  describe('a merge patch', () => {
    it('sets, removes and leaves alone', async () => {
      await bench.create('a', {image: 'a', pool: 'x', free: {keep: 1, drop: {deep: 1}}});
      const changed = await bench.change('a', {spec: {pool: null, free: {drop: null, add: [1]}}});
      expect(changed.spec['free']).toEqual({keep: 1, add: [1]});
      expect(Object.keys(changed.spec)).not.toContain('pool');
    });

    it('that changes nothing bumps nothing', async () => {
      const made = await bench.create('a');
      const same = await bench.change('a', {spec: {image: 'a'}, metadata: {labels: {}}});
      expect(same.metadata).toMatchObject({
        resourceVersion: made.metadata.resourceVersion,
        generation: 1,
      });
    });

    it('of labels leaves the generation alone', async () => {
      await bench.create('a');
      const changed = await bench.change('a', {metadata: {labels: {x: 'y'}}});
      expect(changed.metadata).toMatchObject({generation: 1, labels: {x: 'y'}});
    });

    it('of the object leaves the status alone, and the other way round', async () => {
      await bench.create('a');
      const status = {phase: 'Running', workerName: 'w-1'};
      await bench.change('a', {status}, 'status');
      const spec = await bench.change('a', {spec: {image: 'b'}, status: {phase: 'Failed'}});
      expect(spec).toMatchObject({metadata: {generation: 2}, spec: {image: 'b'}, status});
      const body = {
        metadata: {labels: {x: 'y'}, annotations: {x: 'y'}, finalizers: ['x/y']},
        spec: {image: 'c'},
        status: {phase: 'Failed'},
      };
      const after = await bench.change('a', body, 'status');
      expect(after).toMatchObject({
        metadata: {generation: 2},
        spec: {image: 'b'},
        status: {phase: 'Failed', workerName: 'w-1'},
      });
      const {labels, annotations, finalizers} = after.metadata;
      expect([labels, annotations, finalizers]).toEqual([undefined, undefined, undefined]);
    });

    it('of the status can take it away', async () => {
      await bench.create('a');
      await bench.change('a', {status: {phase: 'Running'}}, 'status');
      expect((await bench.change('a', {status: null}, 'status')).status).toBeUndefined();
    });

    it('with a resourceVersion holds only for that', async () => {
      const {metadata} = await bench.create('a');
      const {resourceVersion} = metadata;
      const body = {metadata: {resourceVersion}, status: {phase: 'Running'}};
      const path = bench.path(widgets, 'a', 'status');
      expect((await bench.patch(path, body)).status).toBe(200);
      expect(refusalOf(await bench.patch(path, body))).toBe(
        `409 Conflict: Operation cannot be fulfilled on widgets.conformance.berth.dev "a": ${MODIFIED}`,
      );
    });

    it('with a uid holds only for that', async () => {
      const {metadata} = await bench.create('a');
      const path = bench.path(widgets, 'a');
      const patch = (uid: string) => bench.patch(path, {metadata: {uid}, spec: {image: 'b'}});
      const other = '11111111-1111-4111-8111-111111111111';
      const refused = await patch(other);
      expect(refused.status).toBe(422);
      expect((refused.body as SeenStatus).message).toContain('metadata.uid: Invalid value');
      expect((await patch(metadata.uid)).status).toBe(200);
    });

    it.each<[string, unknown, string]>([
      ['that renames', {metadata: {name: 'b'}}, '400 BadRequest'],
      ['that is a list', [1], '400 BadRequest'],
      ['with a resourceVersion that is none', {metadata: {resourceVersion: 'x'}}, '500'],
    ])('%s is refused', async (_, body, wanted) => {
      await bench.create('a');
      expect(refusalOf(await bench.patch(bench.path(widgets, 'a'), body))).toContain(wanted);
    });

    it('of what is missing is refused', async () => {
      const reply = await bench.patch(bench.path(widgets, 'a'), {spec: {}});
      expect(refusalOf(reply)).toBe('404 NotFound: widgets.conformance.berth.dev "a" not found');
    });
  });

  jsonPatches(bench);
  applies(bench);
}

function jsonPatches(bench: Bench): void {
  describe('a JSON patch', () => {
    it.each<[string, object[], object]>([
      [
        'tests and adds',
        [
          {op: 'test', path: '/spec/image', value: 'a'},
          {op: 'add', path: '/spec/pool', value: 'x'},
        ],
        {pool: 'x'},
      ],
      ['appends to a list', [{op: 'add', path: '/spec/args/-', value: 'q'}], {args: ['p', 'q']}],
      ['inserts into a list', [{op: 'add', path: '/spec/args/0', value: 'q'}], {args: ['q', 'p']}],
      ['replaces an item', [{op: 'replace', path: '/spec/args/0', value: 'q'}], {args: ['q']}],
      ['removes an item', [{op: 'remove', path: '/spec/args/0'}], {args: []}],
      ['replaces a member', [{op: 'replace', path: '/spec/image', value: 'b'}], {image: 'b'}],
      [
        'unescapes its path',
        [{op: 'add', path: '/spec/free/a~1b~0c', value: 1}],
        {free: {'a/b~c': 1}},
      ],
    ])('%s', async (_, operations, wanted) => {
      await bench.create('a', {image: 'a', args: ['p'], free: {}});
      const reply = await bench.patch(bench.path(widgets, 'a'), operations, 'json');
      expect(reply.status).toBe(200);
      expect((reply.body as Seen).spec).toMatchObject(wanted);
    });

    it.each<[string, unknown, string]>([
      [
        'whose test fails',
        [{op: 'test', path: '/spec/image', value: 'z'}],
        '422 Invalid: the server rejected our request due to an error in our request',
      ],
      ['that removes what is not there', [{op: 'remove', path: '/spec/pool'}], '422 Invalid'],
      ['below what is not there', [{op: 'add', path: '/spec/no/such', value: 1}], '422 Invalid'],
      ['beyond the end of a list', [{op: 'add', path: '/spec/args/5', value: 'x'}], '422 Invalid'],
      ['of an unknown operation', [{op: 'frob', path: '/spec/image'}], '422 Invalid'],
      ['that is no list', {op: 'add'}, '400 BadRequest'],
    ])('%s is refused', async (_, operations, wanted) => {
      const made = await bench.create('a', {image: 'a', args: ['p']});
      const reply = await bench.patch(bench.path(widgets, 'a'), operations, 'json');
      expect(refusalOf(reply)).toContain(wanted);
      expect(await bench.get('a')).toEqual(made);
    });
  });
}

function applies(bench: Bench): void {
  describe('a server-side apply', () => {
    const query = {fieldManager: 'conformance', force: true};

    it('creates, changes nothing the second time, and merges', async () => {
      const path = bench.path(widgets, 'a');
      const spec = {image: 'a', env: [{name: 'x', value: '1'}]};
      const made = await bench.patch(path, widget('a', spec), 'apply', query);
      expect(made.status).toBe(201);
      const again = await bench.patch(path, widget('a', spec), 'apply', query);
      expect(again.status).toBe(200);
      const version = ({body}: {body: unknown}) => (body as Seen).metadata.resourceVersion;
      expect(version(again)).toBe(version(made));
      await bench.change('a', {spec: {pool: 'x'}});
      const next = {image: 'b', env: [{name: 'x', value: '2'}]};
      const merged = await bench.patch(path, widget('a', next), 'apply', query);
      expect((merged.body as Seen).spec).toMatchObject({
        image: 'b',
        pool: 'x',
        env: [{name: 'x', value: '2', shown: true}],
      });
    });

    it('needs to know who applies', async () => {
      const reply = await bench.patch(bench.path(widgets, 'a'), widget('a'), 'apply');
      expect(refusalOf(reply)).toBe(
        '422 Invalid: PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    });
  });
}
