import {expect, it} from 'vitest';
import type {StatusOutcome} from '../../src/status/outcome.ts';
import type {Fate} from './scriptedServer.ts';
import {bind, createRig, statusOf, waiting} from './writerRig.ts';

interface Row {
  readonly name: string;
  readonly fates: readonly Fate[];
  readonly outcome: StatusOutcome['kind'];
  readonly calls: readonly string[];
  readonly workerName?: string;
}

const rows: readonly Row[] = [
  {
    name: 'is written again after a 404 of a server that has just started',
    fates: [{status: 404}],
    outcome: 'written',
    calls: ['PUT', 'PUT'],
    workerName: 'w-1',
  },
  {
    name: 'is read again after a 404 of a server that has just started',
    fates: [{broken: 'after'}, {status: 404}],
    outcome: 'written',
    calls: ['PUT', 'GET', 'GET'],
    workerName: 'w-1',
  },
  {
    name: 'is put off after three writes without an answer, of a server that answers reads',
    fates: [{status: 500}, {plain: true}, {status: 500}, {plain: true}, {status: 500}],
    outcome: 'unknown',
    calls: ['PUT', 'GET', 'PUT', 'GET', 'PUT', 'GET'],
  },
];

it.each(rows)('a placement $name', async ({fates, outcome, calls, workerName}) => {
  const {clock, server, writer, ends, run} = createRig();
  run();
  server.script(fates);
  writer.write(bind(waiting(server)));
  await clock.advance(60_000);
  expect(ends.map((end) => end.outcome.kind)).toEqual([outcome]);
  expect(server.calls.map(({method}) => method)).toEqual(calls);
  expect(statusOf(server.get('r-1')).workerName).toBe(workerName);
});
