import type {Allocation} from '../../src/api/resources.ts';
import type {CommitInput, CommitResult, OpenResult} from '../../src/ledger/ledger.ts';
import {MemoryLedger} from '../../src/ledger/memoryLedger.ts';
import {allocationOn, requestOf, workerOf} from './records.ts';
import {type At, none, type World} from './world.ts';

export const signal = new AbortController().signal;

/** What the ledger holds, or one field of every request as allocations. */
export function allocationsOf(
  world: World,
  on: (request: World['requests'][number]) => number,
): Allocation[] {
  return world.requests.flatMap((request, index) =>
    on(request) === none ? [] : [allocationOn(index, on(request))],
  );
}

/** Redis: the real decisions of `MemoryLedger`, behind the revision checks of the Lua scripts. */
export const redisSteps = {
  async open(world: World, at: At): Promise<OpenResult> {
    const leader = world.leaders[at];
    const {head} = world;
    const isOther = head.epoch === leader.epoch && !leader.hasTried;
    if (isOther) return {kind: 'fenced', currentEpoch: head.epoch};
    const ledger = await memoryOf(world, head.epoch);
    const opened = await ledger.open(leader.epoch, signal);
    if (opened.kind !== 'opened') return opened;
    world.head = {epoch: leader.epoch, revision: head.revision + 1, opened: head.revision + 1};
    leader.revision = world.head.revision;
    return opened;
  },

  async settle(world: World, at: At, truth: readonly Allocation[]): Promise<CommitResult> {
    const leader = world.leaders[at];
    const {head} = world;
    const ledger = await memoryOf(world, head.epoch);
    const settled = await ledger.settle(leader.epoch, truth, signal);
    if (settled.kind !== 'committed') return settled;
    const revision = head.revision + 2;
    world.head = {epoch: head.epoch, revision, opened: revision - 1};
    await hold(world, ledger);
    leader.revision = revision;
    return settled;
  },

  async commit(world: World, at: At, input: CommitInput): Promise<CommitResult> {
    const leader = world.leaders[at];
    const {head} = world;
    const isLost = head.revision < leader.revision || leader.revision < head.opened;
    if (head.epoch <= input.epoch && isLost) return {kind: 'lost'};
    const ledger = await memoryOf(world, head.epoch);
    const committed = await ledger.commit(input, signal);
    if (committed.kind !== 'committed') return committed;
    world.head = {...head, revision: head.revision + 1};
    await hold(world, ledger);
    leader.revision = world.head.revision;
    return committed;
  },
};

/** The replica has everything: no fail-over loses it. */
export function replicate(world: World): void {
  world.replicaHead = world.head;
  for (const request of world.requests) request.replica = request.ledger;
}

export function failOver(world: World): void {
  world.head = world.replicaHead;
  for (const request of world.requests) request.ledger = request.replica;
}

async function memoryOf(world: World, epoch: number): Promise<MemoryLedger> {
  const ledger = new MemoryLedger();
  await ledger.open(epoch, signal);
  await ledger.settle(
    epoch,
    allocationsOf(world, (request) => request.ledger),
    signal,
  );
  return ledger;
}

async function hold(world: World, ledger: MemoryLedger): Promise<void> {
  const opened = await ledger.open(99, signal);
  if (opened.kind !== 'opened') throw new Error('Cannot read the ledger of the model');
  for (const request of world.requests) request.ledger = none;
  for (const {uid, workerName} of opened.allocations) {
    world.requests[requestOf(uid)]!.ledger = workerOf(workerName);
  }
}
