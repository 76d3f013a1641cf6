import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';
import {LongFirst} from './longFirst.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Files of `servers` at a time: they wait for processes, Leases and timeouts more than they work.
 * A Redis of somebody else is one, and what it counts must be of one file.
 */
const serverLanes = process.env['BERTH_REDIS_URL'] ? 1 : 2;

/**
 * Two projects. `unit` needs nothing but Node. `servers` runs against real API servers, etcds and
 * Redis, which `servers/globalSetup.ts` starts: one of each for every file that runs at a time, as
 * cluster-scoped objects are all a file's own.
 */
export default defineConfig({
  test: {
    root,
    reporters: ['default', fileURLToPath(new URL('./closingLine.ts', import.meta.url))],
    sequence: {sequencer: LongFirst},
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
          maxWorkers: serverLanes,
          // After the unit tests: projects of one group must have as many files at a time.
          sequence: {groupOrder: 1},
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
