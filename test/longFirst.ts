import {existsSync} from 'node:fs';
import {join, relative} from 'node:path';
import {BaseSequencer, type TestSpecification} from 'vitest/node';

/** Files of more than 20 s each, the longest first: begun last, they would end alone. */
const longest: readonly string[] = [
  'test/faults/faults.servers.test.ts',
  'test/cli/demo.servers.test.ts',
  'test/cli/perf.servers.test.ts',
  'test/cli/perf.test.ts',
  'test/watch/reflector.servers.test.ts',
  'test/simulate/simulation.test.ts',
  'test/cli/badStart.servers.test.ts',
  'test/e2e/peers/peers.servers.test.ts',
  'test/audit/audit.servers.test.ts',
  'test/model/protocol.test.ts',
];

/** Begins the longest files first; vitest itself knows them from its second run on only. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const {root} = this.ctx.config;
    const gone = longest.filter((file) => !existsSync(join(root, file)));
    if (gone.length > 0)
      throw new Error(`Cannot begin with ${gone.join(', ')}: there is no such file`);
    const sorted = await super.sort(files);
    const rank = (file: TestSpecification) => {
      const index = longest.indexOf(relative(root, file.moduleId));
      return index < 0 ? longest.length : index;
    };
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}
