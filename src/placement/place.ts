import {assert} from '../lib/assert.ts';
import {orderBatch} from './batchOrder.ts';
import {BatchState} from './batchState.ts';
import {type ClassifiedBatch, classify} from './classifiedBatch.ts';
import {DecidedPlan, type DecisionColumns} from './decidedPlan.ts';
import {FrozenSnapshot} from './frozenSnapshot.ts';
import {HigherTakes} from './higherTakes.ts';
import type {PlacementRequest, Plan, Snapshot} from './plan.ts';

/**
 * Decides a whole batch against one snapshot. Pure: the same batch and workers give the same plan,
 * in whatever order the workers were listed; the snapshot stays as it is.
 *
 * No worker and no GPU device goes above its capacity; higher priority is strictly first; a request
 * is left out only when no worker could hold it, and says why. Lists are in the order of decision.
 *
 * Cost: O(batch) for checks and sort, O(1) a class, then O(log workers) a request; nothing that
 * grows with the workers, but for what has to be built anew after they were laid out anew. The rows
 * are written as decisions are made, and put back at the end. Source of the algorithm:
 * PLACEMENT.md, sections 2.4 to 2.6.
 *
 * @throws Error on input that parsing should have refused, naming the value, and on a snapshot of a
 * table that has changed since
 */
export function place<Request extends PlacementRequest>(
  batch: readonly Request[],
  snapshot: Snapshot,
): Plan<Request> {
  assert(snapshot instanceof FrozenSnapshot, 'the snapshot comes from a WorkerTable');
  const {rows} = snapshot;
  const state = new BatchState(rows, batch.length);
  const classified = classify(batch, state);
  try {
    const columns = decide(classified, state);
    return new DecidedPlan(batch, {...classified, ...columns, nameAt: rows.names.view()});
  } finally {
    state.restore();
  }
}

/** The hot loop: it makes no objects (shown by `node test/placement/bench.ts allocations`). */
function decide(batch: ClassifiedBatch, state: BatchState): DecisionColumns {
  const {classes, classOf, hashes, isExplicit} = batch;
  const order = orderBatch(batch);
  const positions = new Int32Array(order.length);
  const affinities = new Uint8Array(order.length);
  const devices = new Int32Array(deviceCount(classes));
  const higher = new HigherTakes(batch, {order, positions, devices}, state);
  let device = 0;
  for (let at = 0; at < order.length; at++) {
    const index = order[at]!;
    const requestClass = classes[classOf[index]!]!;
    const position = requestClass.choose(hashes[index]!, isExplicit[index] === 1);
    positions[at] = position;
    if (position < 0) {
      if (!requestClass.isJudged) {
        higher.follow(at);
        requestClass.judge(higher);
      }
      continue;
    }
    affinities[at] = requestClass.affinity;
    state.take(position, requestClass, devices, device);
    device += requestClass.demand.gpuCount;
  }
  return {order, positions, affinities, devices};
}

function deviceCount(classes: ClassifiedBatch['classes']): number {
  return classes.reduce((sum, {demand, count}) => sum + count * demand.gpuCount, 0);
}
