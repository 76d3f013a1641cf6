import {hashString} from '../../../src/lib/hash.ts';
import {seededRandom} from '../../../src/lib/random.ts';
import {place} from '../../../src/placement/place.ts';
import type {Assigned, PlacementRequest} from '../../../src/placement/plan.ts';
import {allocationOf, tableOf} from '../builders.ts';
import {drawKeys} from './keys.ts';
import {drawPack, gpuWorkers} from './loads.ts';
import {printTable} from './measure.ts';

const USED = 0.85;
/** Workers on which a key ran last, of which one is a warm start. */
const REMEMBERED = 8;

/**
 * How often a packed request meets its key, on a pool that is used to 85 %, with as much released
 * as placed: with the keys chosen, and with the same keys that nobody told. Deterministic.
 */
export function reportWarm(): void {
  const rows = [100, 1_000].flatMap((workers) =>
    [false, true].map((isChosen) => {
      const {met, warm, inUse} = meet(workers, isChosen);
      const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
      const name = `${workers} workers, keys ${isChosen ? 'chosen' : 'not told'}`;
      return [name, percent(met), isChosen ? percent(warm) : '-', percent(inUse)];
    }),
  );
  printTable(
    `packed at ${100 * USED} % of all GPUs, Zipf 1.1 keys; met: on one of the last ${REMEMBERED} workers of ` +
      'the key\nin use: workers that hold a GPU request',
    ['load', 'met', 'warm, as the plan says', 'in use'],
    rows,
  );
}

function meet(count: number, isChosen: boolean): {met: number; warm: number; inUse: number} {
  const random = seededRandom(count);
  const workers = gpuWorkers(count, false);
  const table = tableOf(workers);
  const requests = keyed(drawPack(20 * count, false, random), isChosen);
  const lastOf = new Map<string, string[]>();
  const running: Assigned[] = [];
  const capacity = count * 8 * 1000;
  let used = 0;
  let [placed, met, warm] = [0, 0, 0];
  for (const [turn, request] of requests.entries()) {
    while (used > USED * capacity) {
      const at = Math.floor(random.next() * running.length);
      const [one] = running.splice(at, 1);
      table.release(allocationOf(one!));
      used -= gpuMillisOf(one!.request);
    }
    const [one] = place([request], table.snapshot()).assigned;
    if (!one) continue;
    table.take(allocationOf(one), isChosen ? request.affinityHash : undefined);
    running.push(one);
    used += gpuMillisOf(request);
    const last = lastOf.get(request.affinityKey) ?? [];
    // Counted once the pool is full and keys have been seen.
    if (turn >= requests.length / 2) {
      placed++;
      if (last.includes(one.workerName)) met++;
      if (one.affinity === 'Warm') warm++;
    }
    const others = last.filter((name) => name !== one.workerName);
    lastOf.set(request.affinityKey, [one.workerName, ...others].slice(0, REMEMBERED));
  }
  const holding = new Set(
    running.filter(({request}) => request.demand.gpuCount > 0).map(({workerName}) => workerName),
  );
  return {met: met / placed, warm: warm / placed, inUse: holding.size / count};
}

function keyed(requests: readonly PlacementRequest[], isChosen: boolean): PlacementRequest[] {
  const keys = drawKeys('Zipf 1.1 keys', requests.length, seededRandom(requests.length));
  return requests.map((request, index) => {
    const affinityKey = keys[index]!;
    const affinityHash = hashString(isChosen ? affinityKey : 'image') | 0;
    return {...request, affinityKey, affinityHash, affinityExplicit: isChosen};
  });
}

function gpuMillisOf({demand}: PlacementRequest): number {
  return demand.gpuCount * demand.gpuMillis;
}
