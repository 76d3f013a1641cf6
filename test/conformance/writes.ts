import {describe, expect, it} from 'vitest';
import {type Bench, refusalOf, type Seen, widget} from './bench.ts';
import {widgets} from './widgetCrd.ts';

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

/** Create and replace, and who may write what. */
export function writes(bench: Bench): void {
  describe('a create', () => {
    it('returns the object with identity, defaults and without what nobody knows', async () => {
      const spec = {image: 'a', junk: 1, gpu: {}, env: [{name: 'x', shown: null}]};
      const reply = await bench.call('POST', bench.path(widgets), widget('a', spec));
      expect(reply.status).toBe(201);
      const made = reply.body as Seen;
      expect(made).toMatchObject({
        apiVersion: 'conformance.berth.dev/v1',
        kind: 'Widget',
        metadata: {name: 'a', namespace: bench.namespace, generation: 1},
      });
      expect(made.spec).toEqual({
        image: 'a',
        priority: 0,
        suspend: false,
        gpu: {count: 1},
        env: [{name: 'x', shown: true}],
      });
      expect(made.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
      expect(made.metadata.resourceVersion).toMatch(/^\d+$/);
      expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(await bench.get('a')).toEqual(made);
    });

    it('drops a status where that is a subresource', async () => {
      const made = await bench.create('a', {image: 'a'}, {}, {status: {phase: 'Running'}});
      expect(made.status).toBeUndefined();
    });

    it('gives a name that starts as asked', async () => {
      const body = widget(undefined, {image: 'a'}, {generateName: 'g-'});
      const {body: made} = await bench.call('POST', bench.path(widgets), body);
      expect((made as Seen).metadata.name).toMatch(/^g-[a-z0-9]{5}$/);
    });

    it('never shares memory with its caller', async () => {
      const spec = {image: 'a'};
      const made = await bench.create('a', spec);
      spec.image = 'changed';
      Object.assign(made.spec, {image: 'changed'});
      expect((await bench.get('a')).spec['image']).toBe('a');
    });

    it('with dryRun changes nothing', async () => {
      const reply = await bench.call('POST', bench.path(widgets), widget('a'), {dryRun: 'All'});
      expect(reply.status).toBe(201);
      expect((await bench.call('GET', bench.path(widgets, 'a'))).status).toBe(404);
    });

    it.each<[string, object, string]>([
      ['without kind', {metadata: {name: 'a'}, spec: {image: 'a'}}, '400 BadRequest'],
      ['of another kind', {...widget('a'), kind: 'Gadget'}, '422 Invalid'],
      ['of another version', {...widget('a'), apiVersion: 'v1'}, '400 BadRequest'],
      ['for another namespace', widget('a', {image: 'a'}, {namespace: 'other'}), '400 BadRequest'],
      ['without a name', widget(undefined), '422 Invalid'],
      ['with a bad name', widget('A_b'), '422 Invalid'],
      ['with a bad label', widget('a', {image: 'a'}, {labels: {x: 'b c'}}), '422 Invalid'],
      [
        'with a label that is no text',
        widget('a', {image: 'a'}, {labels: {x: 1}}),
        '400 BadRequest',
      ],
      ['with a resourceVersion', widget('a', {image: 'a'}, {resourceVersion: '1'}), '500'],
    ])('%s is refused', async (_, body, wanted) => {
      const reply = await bench.call('POST', bench.path(widgets), body);
      expect(refusalOf(reply)).toContain(wanted);
      expect((await bench.list()).items).toEqual([]);
    });

    it('of a name that is taken is refused', async () => {
      await bench.create('a');
      const reply = await bench.call('POST', bench.path(widgets), widget('a'));
      expect(reply.status).toBe(409);
      expect(reply.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'widgets.conformance.berth.dev "a" already exists',
        reason: 'AlreadyExists',
        details: {name: 'a', group: 'conformance.berth.dev', kind: 'widgets'},
        code: 409,
      });
    });

    it('in a namespace that is missing is refused', async () => {
      const path = '/apis/conformance.berth.dev/v1/namespaces/no-such/widgets';
      const reply = await bench.call('POST', path, widget('a'));
      expect(reply.status).toBe(404);
      expect(reply.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'namespaces "no-such" not found',
        reason: 'NotFound',
        details: {name: 'no-such', kind: 'namespaces'},
        code: 404,
      });
    });

    it('of unknown members is refused where strictness is asked for', async () => {
      const body = widget('a', {image: 'a', junk: 1});
      const reply = await bench.call('POST', bench.path(widgets), body, {
        fieldValidation: 'Strict',
      });
      expect(refusalOf(reply)).toBe(
        '400 BadRequest: Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.junk"',
      );
    });
  });

  describe('a replacement', () => {
    it('needs the present resourceVersion, and bumps it', async () => {
      const made = await bench.create('a');
      const next = {...made, spec: {image: 'b'}};
      const reply = await bench.call('PUT', bench.path(widgets, 'a'), next);
      expect(reply.status).toBe(200);
      const {metadata, spec} = reply.body as Seen;
      expect(spec).toEqual({image: 'b', priority: 0, suspend: false});
      expect(metadata.generation).toBe(2);
      expect(Number(metadata.resourceVersion)).toBeGreaterThan(
        Number(made.metadata.resourceVersion),
      );
      const stale = await bench.call('PUT', bench.path(widgets, 'a'), next);
      expect(stale.status).toBe(409);
      expect(stale.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `Operation cannot be fulfilled on widgets.conformance.berth.dev "a": ${MODIFIED}`,
        reason: 'Conflict',
        details: {name: 'a', group: 'conformance.berth.dev', kind: 'widgets'},
        code: 409,
      });
    });

    it('without resourceVersion, of another uid or another name is refused', async () => {
      const {metadata} = await bench.create('a');
      const put = async (body: object) =>
        refusalOf(await bench.call('PUT', bench.path(widgets, 'a'), body));
      expect(await put(widget('a'))).toContain('422 Invalid');
      const {resourceVersion} = metadata;
      const other = '11111111-1111-4111-8111-111111111111';
      expect(await put(widget('a', undefined, {resourceVersion, uid: other}))).toMatch(
        /^409 Conflict: .*UID in precondition/,
      );
      expect(await put(widget('b', undefined, {resourceVersion}))).toBe(
        '400 BadRequest: the name of the object (b) does not match the name on the URL (a)',
      );
    });

    it('of what is missing is refused', async () => {
      const body = widget('a', undefined, {resourceVersion: '1'});
      const reply = await bench.call('PUT', bench.path(widgets, 'a'), body);
      expect(refusalOf(reply)).toBe('404 NotFound: widgets.conformance.berth.dev "a" not found');
    });

    it('of the status takes only the status', async () => {
      const made = await bench.create('a');
      const next = {
        ...made,
        metadata: {...made.metadata, labels: {x: 'y'}},
        spec: {image: 'b'},
        status: {phase: 'Running'},
      };
      const reply = await bench.call('PUT', bench.path(widgets, 'a', 'status'), next);
      expect(reply.body).toMatchObject({
        metadata: {generation: 1},
        spec: made.spec,
        status: {phase: 'Running'},
      });
      expect((reply.body as Seen).metadata.labels).toBeUndefined();
    });

    it('of the status needs nothing else, and leaves all else alone', async () => {
      const own = {
        labels: {x: 'y'},
        annotations: {z: '1'},
        finalizers: ['conformance.berth.dev/test'],
      };
      const body = widget('a', {image: 'a'}, own);
      const made = (await bench.call('POST', bench.path(widgets), body)).body as Seen;
      const put = async (on: Seen, status: object) => {
        const {name, namespace, uid, resourceVersion} = on.metadata;
        const metadata = {name, namespace, uid, resourceVersion};
        const next = {apiVersion: on.apiVersion, kind: on.kind, metadata, status};
        const reply = await bench.call('PUT', bench.path(widgets, 'a', 'status'), next);
        return reply.body as Seen;
      };
      const first = await put(made, {phase: 'Running', count: 1});
      expect(first).toMatchObject({metadata: own, spec: made.spec, status: {phase: 'Running'}});
      const second = await put(first, {phase: 'Failed'});
      expect(second.status).toEqual({phase: 'Failed'});
      await bench.call('DELETE', bench.path(widgets, 'a'));
      const deleting = (await bench.call('GET', bench.path(widgets, 'a'))).body as Seen;
      const third = await put(deleting, {phase: 'Pending'});
      expect(third).toMatchObject({metadata: own, status: {phase: 'Pending'}});
      expect(third.metadata.deletionTimestamp).toBe(deleting.metadata.deletionTimestamp);
      await bench.patch(bench.path(widgets, 'a'), {metadata: {finalizers: null}});
    });
  });
}
