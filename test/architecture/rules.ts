import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, normalize, relative} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The project's root. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** All TypeScript below `folder` of the root. */
export function sourceFiles(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({path: relative(root, path), text: readFileSync(path, 'utf8')}));
}

/** What a file imports or re-exports: packages by name, own files by their path from the root. */
export function importsOf({path, text}: SourceFile): readonly {target: string; isType: boolean}[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]/gm,
  );
  const bare = text.matchAll(/^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm);
  return [
    ...[...statements].map(([, type, target]) => ({target: target!, isType: type !== undefined})),
    ...[...bare].map(([, one, two]) => ({target: (one ?? two)!, isType: false})),
  ].map(({target, isType}) => ({
    target: target.startsWith('.') ? normalize(join(dirname(path), target)) : target,
    isType,
  }));
}

/** The text without comments and string contents, so that a word in prose is no call. */
export function codeOf({text}: SourceFile): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
}

/**
 * `src/watch/reflector.ts` -> `watch`; `src/main.ts` -> `main`; other files of `src/` -> `root`.
 */
export function folderOf(path: string): string {
  if (path === 'src/main.ts') return 'main';
  const parts = path.split('/');
  return parts.length > 2 ? parts[1]! : 'root';
}
