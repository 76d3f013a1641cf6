/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration?: number;
  /** RFC 3339, seconds. */
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export function findCondition(
  conditions: readonly Condition[],
  type: string,
): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/**
 * The list with `next` in it, keyed by type and sorted by it. `lastTransitionTime` stays when the
 * status does; the same list is returned when nothing would change, so that a caller sees a no-op.
 */
export function setCondition(
  conditions: readonly Condition[],
  next: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): readonly Condition[] {
  const current = findCondition(conditions, next.type);
  if (
    current &&
    current.status === next.status &&
    current.reason === next.reason &&
    current.message === next.message &&
    current.observedGeneration === next.observedGeneration
  ) {
    return conditions;
  }
  const lastTransitionTime = current?.status === next.status ? current.lastTransitionTime : now;
  const others = conditions.filter((condition) => condition.type !== next.type);
  return [...others, {...next, lastTransitionTime}].sort((left, right) =>
    left.type < right.type ? -1 : 1,
  );
}

/** What shall hold; since when is told by the list that it comes into. */
export type WantedCondition = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>;

export interface ConditionContext {
  /** Of the object whose conditions they are. */
  readonly generation: number;
  /** RFC 3339, seconds. */
  readonly now: string;
  readonly isOver: (condition: Condition) => boolean;
}

/**
 * The list with all of `wanted` in it and without those that are over; as `setCondition` the very
 * same list when nothing would change.
 */
export function withConditions(
  current: readonly Condition[],
  wanted: readonly WantedCondition[],
  {generation, now, isOver}: ConditionContext,
): readonly Condition[] {
  let conditions = current.some(isOver) ? current.filter((one) => !isOver(one)) : current;
  for (const condition of wanted) {
    conditions = setCondition(conditions, {...condition, observedGeneration: generation}, now);
  }
  return conditions;
}

/** `Stalled` holds or is absent, as kstatus wants it. */
export function isStalledNoMore({type}: Condition, wanted: readonly WantedCondition[]): boolean {
  return type === 'Stalled' && !wanted.some((one) => one.type === type);
}
