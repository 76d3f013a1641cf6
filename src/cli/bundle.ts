import {execFileSync} from 'node:child_process';
import {cpSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const {values} = parseArgs({options: {out: {type: 'string'}}});
/** `dist/`, or a folder of its own for whoever must not disturb another build. */
const outdir = values.out ?? join(root, 'dist');

// A bundle that asks for a CommonJS package's `require` finds one: ESM output has none of its own.
const requireBanner =
  "import {createRequire as __createRequire} from 'node:module';const require = __createRequire(import.meta.url);";

rmSync(outdir, {recursive: true, force: true});
await build({
  entryPoints: {berth: join(root, 'src/main.ts')},
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // What is imported on demand stays in files of its own: three quarters of the whole is a client
  // that exec plugins alone need, and reading it cost each start 0.3 s and 60 MB. Names and lines
  // are kept, so that a stack trace can be read without the source map.
  splitting: true,
  minifySyntax: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  banner: {js: requireBanner},
  logLevel: 'warning',
});
// `berth/placement`, for programs that place without Kubernetes. A neutral platform: an import of
// anything that only Node has fails the build.
await build({
  entryPoints: {placement: join(root, 'src/placement/placer.ts')},
  outdir,
  bundle: true,
  platform: 'neutral',
  target: 'es2024',
  format: 'esm',
  sourcemap: 'linked',
  logLevel: 'warning',
});
const types = ['-p', join(root, 'src/placement'), '--outDir', join(outdir, 'types')];
execFileSync(join(root, 'node_modules/.bin/tsc'), types, {stdio: 'inherit'});
// Files that are read at run time, found by `import.meta.url` beside the bundle as beside the
// source.
cpSync(join(root, 'src/ledger/lua'), join(outdir, 'lua'), {recursive: true});
cpSync(join(root, 'crds'), join(outdir, 'crds'), {recursive: true});
process.stdout.write(`${join(outdir, 'berth.js')}\n`);
