/** Code that is mutated together, and the tests that have to notice. */
export interface Target {
  readonly name: string;
  /** Globs of source files; one that begins with `!` takes files out. */
  readonly mutate: readonly string[];
  /** Globs of test files: few and fast, as each mutant runs those that reach it. */
  readonly tests: readonly string[];
  /** Slower ones, for the mutants that the fast ones did not notice. */
  readonly slowTests?: readonly string[];
  /** Of 100 mutants so many must be noticed. */
  readonly atLeast: number;
}

export const targets: readonly Target[] = [
  {
    name: 'placement',
    mutate: ['src/placement/**/*.ts'],
    tests: [
      'test/placement/{badInput,constraints,couldHold,fragmentation,gpus}.test.ts',
      'test/placement/{firstPosition,keyHomes,layout,leastLoaded,naiveSpread}.test.ts',
      'test/placement/{pack,packKeys,packPreferences,placer,probedKeys}.test.ts',
      'test/placement/{spread,structures,turns}.test.ts',
      'test/placement/{workerBuckets,workloadShapes}.test.ts',
    ],
    // Not those that bound what is measured, nor the 10,000 plans: they take long, and tell least.
    slowTests: ['test/placement/{candidateHeap,place.properties,verdict,workerTable}.test.ts'],
    atLeast: 85,
  },
  {
    name: 'ledger',
    mutate: [
      'src/ledger/*.ts',
      // Most of their tests need a Redis: `redisLedger.servers.test.ts` and its neighbours.
      '!src/ledger/redis*.ts',
      'src/leader.ts',
      'src/status/{attempt,concludeBind}.ts',
    ],
    tests: [
      'test/ledger/*.test.ts',
      'test/operator/leader*.test.ts',
      'test/status/{concludeBind,statusWriter,writerOrder}.test.ts',
    ],
    atLeast: 80,
  },
];
