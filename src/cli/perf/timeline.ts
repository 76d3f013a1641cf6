export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Claim<Phase extends string> {
  readonly phase: Phase;
  readonly intervals: readonly Interval[];
}

export interface Attribution<Phase extends string> {
  readonly phasesMs: Readonly<Record<Phase, number>>;
  readonly unaccountedMs: number;
}

/**
 * Gives each moment of `total` to the first of `claims` that covers it, so that phases which
 * overlap still add up to the total and no more. What nobody claims is left as unaccounted.
 */
export function attribute<Phase extends string>(
  total: Interval,
  claims: readonly Claim<Phase>[],
): Attribution<Phase> {
  const phasesMs = Object.fromEntries(claims.map(({phase}) => [phase, 0])) as Record<Phase, number>;
  let free: readonly Interval[] = [total];
  for (const {phase, intervals} of claims) {
    const left = subtract(free, union(intervals));
    phasesMs[phase] += lengthOf(free) - lengthOf(left);
    free = left;
  }
  return {phasesMs, unaccountedMs: lengthOf(free)};
}

/** Ascending and apart. */
function union(intervals: readonly Interval[]): readonly Interval[] {
  const merged: {fromMs: number; toMs: number}[] = [];
  for (const {fromMs, toMs} of [...intervals].sort((left, right) => left.fromMs - right.fromMs)) {
    const last = merged.at(-1);
    if (last && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else if (toMs > fromMs) merged.push({fromMs, toMs});
  }
  return merged;
}

/** Both ascending and apart. */
function subtract(free: readonly Interval[], taken: readonly Interval[]): readonly Interval[] {
  const left: Interval[] = [];
  let next = 0;
  for (const {fromMs, toMs} of free) {
    let atMs = fromMs;
    while (next > 0 && taken[next - 1]!.toMs > fromMs) next--;
    for (; next < taken.length && taken[next]!.fromMs < toMs; next++) {
      const one = taken[next]!;
      if (one.fromMs > atMs) left.push({fromMs: atMs, toMs: one.fromMs});
      atMs = Math.max(atMs, one.toMs);
    }
    if (atMs < toMs) left.push({fromMs: atMs, toMs});
  }
  return left;
}

function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, {fromMs, toMs}) => sum + toMs - fromMs, 0);
}
