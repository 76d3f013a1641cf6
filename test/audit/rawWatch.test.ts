import {describe, expect, it} from 'vitest';
import type {ObservedEvent} from '../../src/audit/observed.ts';
import {RawWatch} from '../../src/audit/rawWatch.ts';
import {type ApiCall, type Transport, TransportError} from '../../src/kube/transport.ts';

const object = (name: string, resourceVersion: string) => ({
  metadata: {name, uid: name, resourceVersion},
});
const line = (type: string, name: string, resourceVersion: string) =>
  JSON.stringify({type, object: object(name, resourceVersion)});

/**
 * A server whose watches are scripted: each opening plays one list of lines, then breaks or ends.
 */
function scripted(openings: readonly (readonly string[])[], breaks = false) {
  const from: unknown[] = [];
  const stop = new AbortController();
  const transport: Transport = {
    async send<T>() {
      const body = {metadata: {resourceVersion: '5'}, items: [object('a', '4')]};
      return {status: 200, body: body as T};
    },
    async watch({query}: ApiCall, signal: AbortSignal) {
      from.push(query?.['resourceVersion']);
      const lines = openings[from.length - 1];
      async function* play() {
        yield* lines ?? [];
        if (breaks && lines) throw new TransportError('reset');
        if (!lines) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }
      return {status: 200, lines: play()};
    },
    async close() {},
  };
  const seen: string[] = [];
  const onEvent = ({type, object: {metadata}}: ObservedEvent) => {
    seen.push(`${type} ${metadata.name}`);
    if (metadata.name === 'last') stop.abort();
  };
  const watch = new RawWatch({transport, path: '/things', onEvent});
  const run = async () => (await watch.start(stop.signal)).ended;
  return {from, seen, run};
}

describe('a raw watch', () => {
  it.each([false, true])(
    'goes on where it ended (broken: %s), without a gap or a repetition',
    async (breaks) => {
      const {from, seen, run} = scripted(
        [
          [line('ADDED', 'b', '6'), line('BOOKMARK', '', '9')],
          [line('MODIFIED', 'b', '11')],
          [line('ADDED', 'last', '12')],
        ],
        breaks,
      );
      await run();
      expect(seen).toEqual(['ADDED a', 'ADDED b', 'MODIFIED b', 'ADDED last']);
      expect(from.slice(0, 3)).toEqual(['5', '9', '11']);
    },
  );

  it('gives up where the server has forgotten that revision, as it can vouch for nothing then', async () => {
    const expired = JSON.stringify({type: 'ERROR', object: {code: 410, reason: 'Expired'}});
    await expect(scripted([[expired]]).run()).rejects.toThrow(/Cannot go on observing .*Expired/);
  });

  it('gives up where no watch lasts', async () => {
    await expect(scripted(Array.from({length: 30}, () => [])).run()).rejects.toThrow(
      /no watch lasts/,
    );
  });
});
