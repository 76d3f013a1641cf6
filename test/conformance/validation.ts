import {describe, expect, it} from 'vitest';
import {type Bench, causesOf, type Seen, widget} from './bench.ts';
import {widgets} from './widgetCrd.ts';

/** What the schema of a CRD refuses, and how it is said. */
export function validation(bench: Bench): void {
  describe('a schema', () => {
    it.each<[string, object, string]>([
      [
        'a value above its maximum',
        {priority: 2000},
        'Invalid value: 2000: spec.priority in body should be less than or equal to 1000',
      ],
      [
        'a value below its minimum',
        {priority: -1},
        'Invalid value: -1: spec.priority in body should be greater than or equal to 0',
      ],
      [
        'another type',
        {suspend: 'yes'},
        'Invalid value: "string": spec.suspend in body must be of type boolean: "string"',
      ],
      [
        'a number for a text',
        {pool: 1},
        'Invalid value: "integer": spec.pool in body must be of type string: "integer"',
      ],
      [
        'a text that does not match',
        {pool: 'X9'},
        'Invalid value: "X9": spec.pool in body should match \'^[a-z]+$\'',
      ],
      [
        'a text that is too short',
        {image: ''},
        'Invalid value: "": spec.image in body should be at least 1 chars long',
      ],
      [
        'a text that is too long',
        {image: 'x'.repeat(21)},
        'Too long: may not be more than 20 bytes',
      ],
      [
        'a value not in the list',
        {mode: 'Loose'},
        'Unsupported value: "Loose": supported values: "Spread", "Pack"',
      ],
      ['too many items', {args: ['1', '2', '3', '4']}, 'Too many: 4: must have at most 3 items'],
      [
        'too many members',
        {marks: {a: '1', b: '2', c: '3'}},
        'Too many: 3: must have at most 2 items',
      ],
      [
        'an item of another type',
        {args: [1]},
        'Invalid value: "integer": spec.args[0] in body must be of type string: "integer"',
      ],
      [
        'a second item of one key',
        {env: [{name: 'a'}, {name: 'a'}]},
        'Duplicate value: {"name":"a"}',
      ],
      ['an item without its key', {env: [{value: 'x'}]}, 'Required value'],
      [
        'a null item',
        {args: ['a', null]},
        'Invalid value: "null": spec.args[1] in body must be of type string: "null"',
      ],
    ])('refuses %s', async (_, spec, wanted) => {
      const reply = await bench.call(
        'POST',
        bench.path(widgets),
        widget('a', {image: 'a', ...spec}),
      );
      expect(reply.status).toBe(422);
      const body = reply.body as {
        message: string;
        details: {causes: {message: string; field: string}[]};
      };
      expect(body.details.causes.map(({message}) => message)).toContain(wanted);
      const {field} = body.details.causes.find(({message}) => message === wanted)!;
      expect(body.message).toContain(`${field}: ${wanted}`);
    });

    it('says all that is wrong at once', async () => {
      const spec = {image: '', priority: 2000, mode: 'z', env: [{value: 'x'}]};
      const reply = await bench.call('POST', bench.path(widgets), widget('a', spec));
      expect(causesOf(reply)).toEqual([
        'spec.env[0].name: FieldValueRequired',
        'spec.image: FieldValueInvalid',
        'spec.mode: FieldValueNotSupported',
        'spec.priority: FieldValueInvalid',
      ]);
    });

    it('says what is missing in the words of the server', async () => {
      const reply = await bench.call('POST', bench.path(widgets), widget('a', {}));
      expect(reply.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Widget.conformance.berth.dev "a" is invalid: spec.image: Required value',
        reason: 'Invalid',
        details: {
          name: 'a',
          group: 'conformance.berth.dev',
          kind: 'Widget',
          causes: [{reason: 'FieldValueRequired', message: 'Required value', field: 'spec.image'}],
        },
        code: 422,
      });
    });

    it.each<[string, object]>([
      ['a number as integer or text', {size: 3}],
      ['a text as integer or text', {size: '3Gi'}],
      ['a whole number as a number', {ratio: 3}],
      ['anything where unknown members are kept', {free: {a: [1, {b: null}]}}],
      ['free members of a map', {marks: {a: '1', b: '2'}}],
    ])('takes %s', async (_, spec) => {
      const made = await bench.create('a', {image: 'a', ...spec});
      expect(made.spec).toMatchObject(spec);
    });

    it('drops nulls of members that may not be null', async () => {
      const spec = {image: 'a', pool: null, args: null, priority: null, marks: {a: null}};
      const made = await bench.create('a', {...spec, free: {kept: null}});
      expect(made.spec).toEqual({
        image: 'a',
        priority: 0,
        suspend: false,
        marks: {},
        free: {kept: null},
      });
    });

    it('refuses what is neither integer nor text', async () => {
      const body = widget('a', {image: 'a', size: true});
      expect((await bench.call('POST', bench.path(widgets), body)).status).toBe(422);
    });

    it('is kept by patches and by the status too', async () => {
      const made = await bench.create('a');
      const spec = await bench.patch(bench.path(widgets, 'a'), {spec: {mode: 'z'}});
      expect(causesOf(spec)).toEqual(['spec.mode: FieldValueNotSupported']);
      const status = await bench.patch(bench.path(widgets, 'a', 'status'), {
        status: {phase: 'Lost', since: 'yesterday'},
      });
      expect(causesOf(status)).toEqual([
        'status.phase: FieldValueNotSupported',
        'status.since: FieldValueTypeInvalid',
      ]);
      expect(await bench.get('a')).toEqual(made);
    });

    it('sets defaults again where a write takes a value away', async () => {
      await bench.create('a', {image: 'a', priority: 5});
      const reply = await bench.patch(bench.path(widgets, 'a'), {spec: {priority: null}});
      expect((reply.body as Seen).spec['priority']).toBe(0);
    });
  });
}
