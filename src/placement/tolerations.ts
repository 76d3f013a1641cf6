import type {Taint, TaintEffect, Toleration} from '../api/constraints.ts';

/** Whether a taint with one of `effects` is left that none of the tolerations covers. */
export function hasUntolerated(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  effects: readonly TaintEffect[],
): boolean {
  return taints.some(
    (taint) => effects.includes(taint.effect) && !tolerations.some((one) => tolerates(one, taint)),
  );
}

/** core/v1: what is absent of effect and key matches all; the operator defaults to Equal. */
function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (toleration.value ?? '') === (taint.value ?? '');
}
