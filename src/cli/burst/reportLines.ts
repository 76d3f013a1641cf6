import type {Criterion} from './criterion.ts';

/** Lines of a report of plain text. */
export function rows(pairs: readonly (readonly [string, string])[]): readonly string[] {
  return pairs.map(([label, value]) => `  ${`${label}:`.padEnd(28)} ${value}`);
}

export function criterionLine({holds, sentence}: Criterion): string {
  return `  ${holds ? '✓' : '✗'} ${sentence}`;
}

const shownSizes = 20;

/** The first sizes of batches. */
export function sizesText(sizes: readonly number[]): string {
  const shown = sizes.slice(0, shownSizes).join(', ');
  return sizes.length > shownSizes ? `${shown}, ...` : shown;
}
