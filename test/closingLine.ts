import type {Reporter, TestModule} from 'vitest/node';

/** Ends a run with the plain line that CI reads: `N passed, N failed`, and `, N skipped` if any. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = {passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0};
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state]++;
      // What cannot be loaded or set up runs no test, and is a failure all the same.
      for (const suite of [module, ...module.children.allSuites()]) {
        if (suite.errors().length > 0) counts.failed++;
      }
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    process.stdout.write(
      `${counts.passed} passed, ${counts.failed + counts.pending} failed${skipped}\n`,
    );
  }
}
