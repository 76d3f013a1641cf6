import {describe, expect, it} from 'vitest';
import {silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {WorkerHealth} from '../../src/lifecycle/workerHealth.ts';

function hear(names: readonly string[]) {
  const clock = new VirtualClock();
  const health = new WorkerHealth({clock, log: silentLog, lostAfterMs: 40_000, maxLostShare: 0.5});
  let beat = 0;
  const heard = (...some: readonly string[]) => {
    beat++;
    for (const name of some) health.heard(name, String(beat));
  };
  heard(...names);
  return {clock, health, heard};
}

describe('the health of workers', () => {
  it('counts one lost that is silent for longer than its time', async () => {
    const {clock, health, heard} = hear(['a', 'b', 'c']);
    await clock.advance(40_000);
    heard('b', 'c');
    expect([...health.lost()]).toEqual([]);
    await clock.advance(1);
    expect([...health.lost()]).toEqual(['a']);
    heard('a');
    expect([...health.lost()]).toEqual([]);
  });

  it('takes only a changed sign for a sign of life', async () => {
    const {clock, health, heard} = hear(['a', 'b', 'c']);
    health.heard('a', 'same');
    await clock.advance(30_000);
    health.heard('a', 'same');
    heard('b', 'c');
    await clock.advance(10_001);
    expect([...health.lost()]).toEqual(['a']);
  });

  it('declares nobody lost while more than half are silent at once, and says so', async () => {
    const {clock, health, heard} = hear(['a', 'b', 'c', 'd']);
    await clock.advance(20_000);
    heard('a');
    await clock.advance(20_001);
    expect([...health.lost()]).toEqual([]);
    expect(health.blindness).toMatch(
      /^3 of 4 workers are silent at once, more than lifecycle.maxLostShare \(0.5\)/,
    );
    heard('b');
    expect([...health.lost()]).toEqual(['c', 'd']);
    expect(health.blindness).toBeUndefined();
  });

  it('lets a wall clock jump as it likes', async () => {
    const {clock, health} = hear(['a', 'b', 'c']);
    clock.jumpWall(3_600_000);
    expect([...health.lost()]).toEqual([]);
  });

  it('can lose the only worker there is', async () => {
    const {clock, health} = hear(['a']);
    await clock.advance(40_001);
    expect([...health.lost()]).toEqual(['a']);
  });

  it('does not judge a worker that was never heard, or is forgotten', async () => {
    const {clock, health} = hear(['a', 'b', 'c']);
    health.forget('a');
    await clock.advance(40_001);
    expect([...health.lost()]).not.toContain('a');
  });

  it('leaves one alone that is alive until it is said to be silent', async () => {
    const {clock, health, heard} = hear(['b', 'c']);
    health.alive('a');
    await clock.advance(1_000_000);
    heard('b', 'c');
    expect([...health.lost()]).toEqual([]);
    health.silent('a');
    await clock.advance(30_000);
    heard('b', 'c');
    // Said again: the silence has begun already.
    health.silent('a');
    await clock.advance(10_001);
    expect([...health.lost()]).toEqual(['a']);
    health.alive('a');
    expect([...health.lost()]).toEqual([]);
  });

  it('counts one that is silent from the start from the moment that it heard so', async () => {
    const {clock, health, heard} = hear(['b', 'c']);
    health.silent('a');
    await clock.advance(40_000);
    heard('b', 'c');
    expect([...health.lost()]).toEqual([]);
    await clock.advance(1);
    expect([...health.lost()]).toEqual(['a']);
  });

  it('suspects whom the last judgement did not know to be silent', async () => {
    const {clock, health, heard} = hear(['a', 'b', 'c']);
    expect(health.hasSuspects).toBe(false);
    await clock.advance(40_001);
    heard('b', 'c');
    expect(health.hasSuspects).toBe(true);
    health.lost();
    expect(health.hasSuspects).toBe(false);
  });
});
