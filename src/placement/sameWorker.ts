import type {PlacementWorker} from './plan.ts';

/**
 * Whether placement could not tell the two apart. Worker objects change every second (their status
 * is a view of their load); a rebuild for each of those would cost more than all decisions.
 */
export function isSameWorker(left: PlacementWorker, right: PlacementWorker): boolean {
  return (
    left === right ||
    (left.name === right.name &&
      left.poolName === right.poolName &&
      left.ready === right.ready &&
      left.unschedulable === right.unschedulable &&
      isSameRecord({...left.capacity}, {...right.capacity}) &&
      isSameRecord(left.labels, right.labels) &&
      left.taints.length === right.taints.length &&
      left.taints.every((taint, index) => isSameRecord({...taint}, {...right.taints[index]})))
  );
}

function isSameRecord(
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
): boolean {
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && left[key] === right[key])
  );
}
