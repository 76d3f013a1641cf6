import {afterAll, afterEach, beforeAll, beforeEach, describe} from 'vitest';
import {Bench, type OpenServer} from './bench.ts';
import {berthKinds} from './berthKinds.ts';
import {builtIns} from './builtIns.ts';
import {definitions} from './definitions.ts';
import {deletes} from './deletes.ts';
import {garbage} from './garbage.ts';
import {lists} from './lists.ts';
import {patches} from './patches.ts';
import {paths} from './paths.ts';
import {validation} from './validation.ts';
import {watches} from './watches.ts';
import {writes} from './writes.ts';

/**
 * What Berth relies on in an API server, as tests on the `Transport` port. The real server is the
 * truth: a test that fails there is wrong, a test that fails on the embedded one has found a bug.
 */
export function conformance(name: string, open: () => Promise<OpenServer>): void {
  describe(name, () => {
    const bench = new Bench(open);
    beforeAll(() => bench.start());
    beforeEach(() => bench.freshNamespace());
    afterEach(() => bench.stopWatches());
    afterAll(() => bench.stop());
    writes(bench);
    patches(bench);
    paths(bench);
    validation(bench);
    deletes(bench);
    lists(bench);
    watches(bench);
    builtIns(bench);
    definitions(bench);
    berthKinds(bench);
    garbage(bench);
  });
}
