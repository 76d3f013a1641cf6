import {parseWorker} from '../../api/parseWorker.ts';
import type {RequestRecord} from '../../api/records.ts';
import {pathOf, workers} from '../../kube/resource.ts';
import {sendOrThrow, type Transport} from '../../kube/transport.ts';
import {hashString} from '../../lib/hash.ts';
import type {OperatorOptions} from '../../operator.ts';
import {place} from '../../placement/place.ts';
import type {WorkerLocks} from './workerLocks.ts';

/** How one of the operators that are compared differs from the other. */
export interface Variant {
  readonly name: 'ours' | 'old';
  /** Requests a batch; the default when undefined. */
  readonly maxBatch: number | undefined;
  readonly locks: WorkerLocks | undefined;
  readonly parts: Pick<OperatorOptions, 'place' | 'beforeSnapshot'>;
}

export const ourVariant: Variant = {name: 'ours', maxBatch: undefined, locks: undefined, parts: {}};

/**
 * The same operator as schedulers were before they had batches: one request a cycle, one ledger
 * commit each with a lock of its worker around it, workers read from the API server before each
 * decision, and no key that two requests share. What is taken of workers is still held in memory.
 */
export function oldVariant(transport: Transport, locks: WorkerLocks): Variant {
  return {
    name: 'old',
    maxBatch: 1,
    locks,
    parts: {
      place: (batch, snapshot) => place(batch.map(withKeyOfItsOwn), snapshot),
      async beforeSnapshot(cache, signal) {
        const call = {method: 'GET', path: pathOf(workers)} as const;
        const {items} = await sendOrThrow<{items: unknown[]}>(transport, call, signal);
        cache.replaceWorkers(items.map((item) => parseWorker(item).worker));
      },
    },
  };
}

function withKeyOfItsOwn(request: RequestRecord): RequestRecord {
  const affinityHash = hashString(request.uid) | 0;
  return {...request, affinityKey: request.uid, affinityHash, affinityExplicit: false};
}
