import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {beforeAll, describe, expect, it} from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A program of somebody else, with nothing installed but what a build leaves of the library. */
describe('berth/placement, installed in another folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-library-'));
  const berth = join(folder, 'node_modules/berth');

  beforeAll(() => {
    mkdirSync(berth, {recursive: true});
    symlinkSync(join(root, 'package.json'), join(berth, 'package.json'));
    execFileSync(process.execPath, [join(root, 'src/cli/bundle.ts'), '--out', join(berth, 'dist')]);
    const readme = readFileSync(join(root, 'src/placement/README.md'), 'utf8');
    const example = /```ts\n(.*?)```/s.exec(readme)?.[1];
    expect(example).toBeDefined();
    writeFileSync(join(folder, 'example.ts'), `${example}`);
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  }, 60_000);

  it('runs the example of its README', () => {
    const output = execFileSync(process.execPath, ['example.ts'], {cwd: folder, encoding: 'utf8'});
    const lines = output.trimEnd().split('\n');
    expect(lines.filter((line) => / -> /.test(line)).toSorted()).toEqual([
      expect.stringMatching(/^build-1 -> worker-[12]$/),
      expect.stringMatching(/^build-2 -> worker-[12]$/),
      'infer-1 -> gpu-1 0',
    ]);
    expect(lines.filter((line) => / waits: /.test(line))).toEqual([
      expect.stringMatching(
        /^train-1 waits: 0\/3 workers fit: .*2 insufficient gpu|3 insufficient/,
      ),
    ]);
  });

  it('has types that a strict program can be checked against', () => {
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024'];
    const tsc = join(root, 'node_modules/.bin/tsc');
    const check = (source: string): string => {
      writeFileSync(join(folder, 'checked.ts'), source);
      try {
        execFileSync(tsc, [...options, '--lib', 'es2024,dom', 'checked.ts'], {
          cwd: folder,
          encoding: 'utf8',
        });
        return '';
      } catch (error) {
        return String((error as {stdout?: unknown}).stdout);
      }
    };
    expect(check(readFileSync(join(folder, 'example.ts'), 'utf8'))).toBe('');
    const misspelt = `import {createPlacer} from 'berth/placement';
      createPlacer().upsertWorker({name: 'w', capacity: {cpuMilis: 1, memoryBytes: 1}});`;
    expect(check(misspelt)).toMatch(/cpuMilis/);
  });

  it('asks for nothing: one file without an import', () => {
    const bundle = readFileSync(join(berth, 'dist/placement.js'), 'utf8');
    expect(bundle).not.toMatch(/^import |require\(|node:/m);
  });
});
