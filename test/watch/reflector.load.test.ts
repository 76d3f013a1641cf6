import {expect, it} from 'vitest';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {LateClock} from '../lib/lateClock.ts';
import {modified, type ObjectSpec, open, page} from './script.ts';
import {ScriptedTransport} from './scriptedTransport.ts';
import {decode, makeReflector, RecordingSink, watchLimits} from './watchRig.ts';

/**
 * What decoding one object costs. Nothing else costs anything, on any machine: a slice of work is
 * over after five objects.
 */
const decodeMs = 1;
const sliceMs = 5;
const objects = 150_000;
const burst = 1_000;
const {pageSize, maxRepairs} = watchLimits;

/** The list at `rv`, where the last ones have changed since it was at 1. */
function pages(rv: number, changed: number) {
  const specs = Array.from({length: objects}, (_, at): ObjectSpec => {
    return {name: `r-${at}`, rv: at < objects - changed ? 1 : rv};
  });
  return Array.from({length: objects / pageSize}, (_, at) => {
    const end = (at + 1) * pageSize;
    return page(specs.slice(end - pageSize, end), rv, end < objects ? String(end) : undefined);
  });
}

/** The most work between two turns of the event loop until `isDone`. */
async function longestTurnMs(clock: LateClock, isDone: () => boolean): Promise<number> {
  let longestMs = 0;
  for (let turns = 0; turns < objects && !isDone(); turns++) {
    const beforeMs = clock.behindMs;
    await new Promise((resolve) => setImmediate(resolve));
    longestMs = Math.max(longestMs, clock.behindMs - beforeMs);
  }
  expect(isDone()).toBe(true);
  return longestMs;
}

it('lets others have their turns, though all of a list, a watch and an audit comes at once', async () => {
  const clock = new LateClock(new VirtualClock());
  const watch = open();
  const transport = new ScriptedTransport(clock, [...pages(1, 0), watch]);
  const sink = new RecordingSink();
  const {reflector} = makeReflector({
    transport,
    clock,
    sink,
    // Else it would be asked for a bookmark first.
    limits: {...watchLimits, longList: objects},
    decode(object) {
      clock.behindMs += decodeMs;
      return decode(object);
    },
  });
  const abort = new AbortController();
  const ended = reflector.run(abort.signal);
  expect(await longestTurnMs(clock, () => sink.objects.size === objects)).toBe(sliceMs);

  const versionOf = (at: number) => sink.objects.get(`ns/r-${at}`)?.rv;
  for (let at = 0; at < burst; at++) watch.stream.push(modified({name: `r-${at}`, rv: 2}));
  expect(await longestTurnMs(clock, () => versionOf(burst - 1) === '2')).toBe(sliceMs);

  transport.add(page([], 3), ...pages(3, maxRepairs));
  const read = reflector.readConsistently(abort.signal);
  expect(await longestTurnMs(clock, () => versionOf(objects - 1) === '3')).toBe(sliceMs);
  await read;
  abort.abort();
  await ended;
});
