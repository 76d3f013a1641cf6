import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Two projects. `unit` needs nothing but Node. `servers` runs against a real API server, etcd and
 * Redis, which `servers/globalSetup.ts` starts once; its files run one after the other, as they
 * share cluster-scoped objects.
 */
export default defineConfig({
  test: {
    root,
    reporters: ['default', fileURLToPath(new URL('./closingLine.ts', import.meta.url))],
    // What decides whether something is booked twice or lost; `make coverage`.
    coverage: {
      provider: 'v8',
      include: ['src/{ledger,watch,status}/*.ts', 'src/{leader,scheduler}.ts'],
      reporter: ['text'],
      reportsDirectory: join(tmpdir(), 'berth-coverage'),
    },
    projects: [
      {
        test: {
          name: 'unit',
          root,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.servers.test.ts', 'node_modules/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'servers',
          root,
          include: ['test/**/*.servers.test.ts'],
          globalSetup: ['test/servers/globalSetup.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
