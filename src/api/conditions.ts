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
