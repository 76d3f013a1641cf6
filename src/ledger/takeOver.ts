import type {Allocation} from '../api/resources.ts';

export interface TakeOverInput {
  /** What the ledger holds. */
  readonly held: readonly Allocation[];
  /** What a consistent read of the API server shows as bound and not finished. */
  readonly bound: Iterable<Allocation>;
  /** Whether the request waits, as it was committed, and its worker is there. */
  readonly canBind: (uid: string) => boolean;
}

export interface TakeOver {
  /** Committed by a leader before this one but never bound: bind them where they were committed. */
  readonly rollForward: readonly Allocation[];
  /** What the ledger must hold from now on. */
  readonly truth: readonly Allocation[];
  /** For the log: allocations dropped as their request is gone, finished or bound elsewhere. */
  readonly released: number;
  /** For the log: bound requests that the ledger did not know. */
  readonly added: number;
}

/**
 * What a new leader makes of the ledger it finds (DESIGN §3): roll forward, release, add. What is
 * bound is true, even where it overcommits a worker.
 */
export function takeOver({held, bound, canBind}: TakeOverInput): TakeOver {
  const truth = new Map<string, Allocation>();
  for (const allocation of bound) truth.set(allocation.uid, allocation);
  const boundCount = truth.size;
  const rollForward: Allocation[] = [];
  let kept = 0;
  for (const allocation of held) {
    const known = truth.get(allocation.uid);
    if (known) {
      if (known.workerName === allocation.workerName) kept++;
    } else if (canBind(allocation.uid)) {
      rollForward.push(allocation);
      truth.set(allocation.uid, allocation);
    }
  }
  return {
    rollForward,
    truth: [...truth.values()],
    released: held.length - kept - rollForward.length,
    added: boundCount - kept,
  };
}
