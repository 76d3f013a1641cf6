import {describe, expect, it} from 'vitest';
import {Simulation, type SimulationOptions} from '../../src/simulate/simulation.ts';

const size = {workers: 12, requests: 80, faults: 20};

function run(seed: number, options: Partial<SimulationOptions> = {}) {
  return new Simulation({seed, size, ...options}).run();
}

describe('a simulated run', () => {
  it.each([3, 4, 5])('of seed %i is the same again, to the byte of its trace', async (seed) => {
    const traces: string[] = [];
    const outcomes = [];
    for (const index of [0, 1]) {
      traces[index] = '';
      const onLine = (line: string) => {
        traces[index] += line;
      };
      outcomes.push(await run(seed, {onLine}));
    }
    expect(traces[1]).toBe(traces[0]);
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[0]!.lines).toBeGreaterThan(500);
  });

  it('of another seed is another one', async () => {
    expect((await run(3)).hash).not.toBe((await run(4)).hash);
  });

  it('leaves out the faults that it is told to leave out', async () => {
    const all = await run(5);
    expect(all.fired.length).toBeGreaterThan(1);
    const [first] = all.fired;
    expect((await run(5, {faults: [first!]})).fired).toEqual([first]);
    expect((await run(5, {faults: []})).fired).toEqual([]);
  });
});

describe('seeds', () => {
  it('of chance find nothing', {timeout: 120_000}, async () => {
    for (let count = 0; count < 20; count++) {
      const seed = Math.floor(Math.random() * 1_000_000_000);
      const {workers, requests, faults} = size;
      const again = `berth simulate --seed ${seed} --workers ${workers} --requests ${requests} --max-faults ${faults}`;
      const {findings} = await run(seed);
      // As the message, which every reporter prints: nobody meets this seed a second time.
      const found = findings.map(({rule, sentence}) => `${rule}: ${sentence}`);
      expect(found, `${again}: ${found.join('; ')}`).toEqual([]);
    }
  });

  it.each(['kubernetes', 'memory'] as const)(
    'find nothing with the %s ledger',
    async (ledger) => {
      for (let seed = 1; seed <= 20; seed++) {
        const {findings} = await run(seed, {ledger});
        expect(findings.map(({rule, sentence}) => `seed ${seed}: ${rule}: ${sentence}`)).toEqual(
          [],
        );
      }
    },
    120_000,
  );

  /** Of each the shortest list of faults showed a bug that is mended; the commits name them. */
  it.each([
    [194, {workers: 20, requests: 100, faults: 40}],
    [1095, {workers: 20, requests: 100, faults: 40}],
    [6294, {workers: 8, requests: 100, faults: 40}],
    [10072, {workers: 8, requests: 100, faults: 40}],
    [10194, {workers: 8, requests: 100, faults: 40}],
    [20385, {workers: 8, requests: 100, faults: 40}],
  ])('number %i finds nothing any more', async (seed, of) => {
    expect((await run(seed, {size: of})).findings).toEqual([]);
  });
});
