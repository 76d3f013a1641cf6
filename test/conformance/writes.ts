import {describe, expect, it} from 'vitest';
import {type Bench, refusalOf, type Seen, type SeenStatus, widget} from './bench.ts';
import {gadgets, widgets} from './widgetCrd.ts';

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

/** Create, replace, patch, and who may write what. */
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
  });

  describe('a merge patch', () => {
    it('sets, removes and leaves alone', async () => {
      await bench.create('a', {image: 'a', pool: 'x', free: {keep: 1, drop: {deep: 1}}});
      const changed = await bench.change('a', {spec: {pool: null, free: {drop: null, add: [1]}}});
      expect(changed.spec).toMatchObject({image: 'a', free: {keep: 1, add: [1]}});
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
  paths(bench);
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

function paths(bench: Bench): void {
  describe('a path', () => {
    const group = '/apis/conformance.berth.dev/v1';

    it.each<[string, Parameters<Bench['call']>, string]>([
      ['of an unknown kind', ['GET', `${group}/sprockets`], '404'],
      ['of an unknown group', ['GET', '/apis/no.such/v1/things'], '404'],
      [
        'of an unknown core kind',
        ['GET', '/api/v1/things'],
        '404 NotFound: the server could not find the requested resource',
      ],
      ['of a name without its namespace', ['GET', `${group}/widgets/a`], '404'],
      ['of all namespaces to create in', ['POST', `${group}/widgets`, widget('a')], '404'],
      [
        'of a core collection to replace',
        ['PUT', '/api/v1/nodes', {}],
        '405 MethodNotAllowed: the server does not allow this method on the requested resource',
      ],
      ['of all Pods to delete', ['DELETE', '/api/v1/pods'], '405 MethodNotAllowed'],
    ])('%s is refused', async (_, call, wanted) => {
      expect(refusalOf(await bench.call(...call))).toContain(wanted);
    });

    it('of a patch type that nobody knows is refused', async () => {
      await bench.create('a');
      const reply = await bench.transport.send({
        method: 'PATCH',
        path: bench.path(widgets, 'a'),
        body: {},
        contentType: 'application/json',
      });
      expect(refusalOf(reply)).toContain('415 UnsupportedMediaType');
    });

    it('of a status that is no subresource is refused', async () => {
      const made = await bench.call('POST', bench.path(gadgets), {
        apiVersion: 'conformance.berth.dev/v1',
        kind: 'Gadget',
        metadata: {generateName: 'g-'},
      });
      const {name} = (made.body as Seen).metadata;
      const reply = await bench.patch(bench.path(gadgets, name, 'status'), {status: {}});
      expect(reply.status).toBe(404);
      expect((await bench.call('DELETE', bench.path(gadgets, name))).status).toBe(200);
    });

    it('of a status can be read, and shows the object', async () => {
      const made = await bench.create('a');
      expect((await bench.call('GET', bench.path(widgets, 'a', 'status'))).body).toEqual(made);
    });
  });
}
