import {cpSync, rmSync, statSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outdir = `${root}dist`;

// A bundle that asks for a CommonJS package's `require` finds one: ESM output has none of its own.
const requireBanner =
  "import {createRequire as __createRequire} from 'node:module';const require = __createRequire(import.meta.url);";

rmSync(outdir, {recursive: true, force: true});
await build({
  entryPoints: {berth: `${root}src/main.ts`},
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
cpSync(`${root}src/ledger/lua`, `${outdir}/lua`, {recursive: true});
cpSync(`${root}crds`, `${outdir}/crds`, {recursive: true});
process.stdout.write(
  `dist/berth.js: ${(statSync(`${outdir}/berth.js`).size / 1e6).toFixed(2)} MB\n`,
);
