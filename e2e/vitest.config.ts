import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Side by side: each installs the operator into a cluster of its own, and waits much of its time
 * for a Lease that nobody renews any more. Figures of bare speed come from `make bench`.
 */
export default defineConfig({
  test: {
    root,
    include: ['e2e/**/*.e2e.test.ts'],
    globalSetup: ['e2e/globalSetup.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 600_000,
    reporters: ['verbose', fileURLToPath(new URL('../test/closingLine.ts', import.meta.url))],
    disableConsoleIntercept: true,
  },
});
