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

/** Words that say nothing, or that belong to somebody else: the Batch API, Kubernetes. */
const bannedWords = /^(manager|handler|helper|processor|service|util|data|info|job)s?$/;

/**
 * Declared names of which a word is banned; names of the API server and of packages are not ours.
 */
export function badNamesOf(file: SourceFile): readonly string[] {
  const declared = codeOf(file).matchAll(
    /\b(?:const|let|function\*?|class|interface|type)\s+(?:readonly\s+)?([A-Za-z]\w*)/g,
  );
  return [...declared]
    .map(([, name]) => name!)
    .filter((name) =>
      name.split(/(?=[A-Z])|_/).some((word) => bannedWords.test(word.toLowerCase())),
    );
}

/** Comment lines that are wider than the formatter lets code be. */
export function wideCommentsOf({text}: SourceFile): readonly number[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      line.length > 100 && /^\s*(\*|\/\/|\/\*)/.test(line) ? [index + 1] : [],
    );
}

/**
 * `src/watch/reflector.ts` -> `watch`; `src/main.ts` -> `main`; other files of `src/` -> `root`.
 */
export function folderOf(path: string): string {
  if (path === 'src/main.ts') return 'main';
  const parts = path.split('/');
  return parts.length > 2 ? parts[1]! : 'root';
}
