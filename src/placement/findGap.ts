import type {Layout} from './layout.ts';

/**
 * The gap for a worker that joins, in the middle between those that come before and after it by
 * (hash, name); -1 when there is none. Brings the hashes of the gaps around it in line.
 *
 * Cost: O(log positions) and the length of the gap.
 */
export function findGap({workers, hash}: Layout, own: number, name: string): number {
  let next = lowerBound(hash, own);
  for (; next < hash.length; next++) {
    const worker = workers[next];
    if (worker && (hash[next]! > own || worker.name > name)) break;
  }
  let previous = next - 1;
  while (previous >= 0 && !workers[previous]) previous--;
  if (next - previous < 2) return -1;
  const gap = (previous + next) >> 1;
  hash.fill(previous < 0 ? 0 : hash[previous]!, previous + 1, gap);
  hash.fill(own, gap, next);
  return gap;
}

/** The first index whose hash is at least `own`; as many as there are where none is. */
export function lowerBound(hash: Uint32Array, own: number): number {
  let from = 0;
  let to = hash.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (hash[middle]! < own) from = middle + 1;
    else to = middle;
  }
  return from;
}
