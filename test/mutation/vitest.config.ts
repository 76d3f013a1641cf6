import {defineConfig} from 'vitest/config';

/** The unit tests that `run.ts` names for what it mutates. */
export default defineConfig({
  test: {
    include: (process.env['MUTATION_TESTS'] ?? '').split(' '),
    exclude: ['test/**/*.servers.test.ts', 'node_modules/**'],
    // A mutant is switched on at run time: nothing has to be read anew for it.
    isolate: false,
    testTimeout: 20_000,
  },
});
