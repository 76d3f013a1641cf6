import {describe, expect, it} from 'vitest';
import type {ObservedEvent} from '../../src/audit/observed.ts';
import {RawWatch} from '../../src/audit/rawWatch.ts';
import {bookmark, line, scriptedServer} from './scriptedServer.ts';

const object = (name: string, resourceVersion: string) => ({
  metadata: {name, uid: name, resourceVersion},
});

/** A watch of a server where each opening plays one list of lines, then breaks or ends. */
function scripted(openings: readonly (readonly string[])[], end: 'ends' | 'breaks' = 'ends') {
  const {transport, calls} = scriptedServer({
    things: {
      lists: [{revision: 5, objects: [object('a', '4')]}],
      watches: openings.map((lines) => ({lines, end})),
    },
  });
  const stop = new AbortController();
  const seen: string[] = [];
  const onEvent = ({type, object: {metadata}}: ObservedEvent) => {
    seen.push(`${type} ${metadata.name}`);
    if (metadata.name === 'last') stop.abort();
  };
  const watch = new RawWatch({transport, path: '/things', onEvent});
  const run = async () => (await watch.start(stop.signal)).ended;
  const from = () =>
    calls.flatMap(({query}) => (query?.['watch'] ? [query['resourceVersion']] : []));
  return {from, seen, run};
}

describe('a raw watch', () => {
  it.each(['ends', 'breaks'] as const)(
    'goes on from there where it %s, without a gap or a repetition',
    async (end) => {
      const {from, seen, run} = scripted(
        [
          [line('ADDED', object('b', '6')), bookmark(9)],
          [line('MODIFIED', object('b', '11'))],
          [line('ADDED', object('last', '12'))],
        ],
        end,
      );
      await run();
      expect(seen).toEqual(['ADDED a', 'ADDED b', 'MODIFIED b', 'ADDED last']);
      expect(from().slice(0, 3)).toEqual(['5', '9', '11']);
    },
  );

  it('gives up where the server has forgotten that revision, as it can vouch for nothing then', async () => {
    const expired = line('ERROR', {code: 410, reason: 'Expired'});
    await expect(scripted([[expired]]).run()).rejects.toThrow(/Cannot go on observing .*Expired/);
  });

  it('gives up where no watch lasts', async () => {
    await expect(scripted(Array.from({length: 30}, () => [])).run()).rejects.toThrow(
      /no watch lasts/,
    );
  });
});
