import {cpSync, rmSync, statSync} from 'node:fs';
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
  minifySyntax: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  banner: {js: requireBanner},
  logLevel: 'warning',
});
// Files that are read at run time, found by `import.meta.url` beside the bundle as beside the source.
cpSync(join(root, 'src/ledger/lua'), join(outdir, 'lua'), {recursive: true});
cpSync(join(root, 'crds'), join(outdir, 'crds'), {recursive: true});
const megabytes = statSync(join(outdir, 'berth.js')).size / 1e6;
process.stdout.write(`${join(outdir, 'berth.js')}: ${megabytes.toFixed(2)} MB\n`);
