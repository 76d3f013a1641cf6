import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** One file after the other: each installs the operator into a cluster of its own and measures. */
export default defineConfig({
  test: {
    root,
    include: ['e2e/**/*.e2e.test.ts'],
    globalSetup: ['e2e/globalSetup.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 600_000,
    reporters: ['verbose', fileURLToPath(new URL('../test/closingLine.ts', import.meta.url))],
    disableConsoleIntercept: true,
  },
});
