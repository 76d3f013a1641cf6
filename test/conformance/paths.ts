import {describe, expect, it} from 'vitest';
import {type Bench, refusalOf, type Seen, widget} from './bench.ts';
import {gadgets, widgets} from './widgetCrd.ts';

/** What is served where, and what is not. */
export function paths(bench: Bench): void {
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
