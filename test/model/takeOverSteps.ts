import type {Allocation} from '../../src/api/resources.ts';
import {takeOver} from '../../src/ledger/takeOver.ts';
import {sendBind} from './bindSteps.ts';
import {LeaderProcess} from './leaderProcess.ts';
import {allocationsOf} from './ledgerSteps.ts';
import type {Protocol} from './protocol.ts';
import {requestOf, workerOf} from './records.ts';
import {type At, endProcess, none, type World} from './world.ts';

/** The ledger is this leader's, and held `allocations`. */
export function opened(
  world: World,
  at: At,
  protocol: Protocol,
  allocations: readonly Allocation[],
): void {
  for (const {mine} of world.requests) mine[at].truth = none;
  for (const {uid, workerName} of allocations) {
    world.requests[requestOf(uid)]!.mine[at].truth = workerOf(workerName);
  }
  if (protocol.planted === 'read before the fence') plan(world, at, protocol);
  else world.leaders[at].phase = 'read';
}

/** A consistent read, after what a closure does before it. */
export function read(world: World, at: At, protocol: Protocol): void {
  const {epoch} = world.leaders[at];
  const other = at === 0 ? 1 : 0;
  for (const request of world.requests) {
    const {view} = request;
    const isWaiting = view.is === 'there' && view.worker === none;
    if (isWaiting && protocol.closure === 'touch what waits') {
      request.view = {...view, version: view.version + 1};
    }
    if (isWaiting && protocol.closure.startsWith('stamp')) {
      request.view = {...view, version: view.version + 1, stamp: epoch};
    }
    if (protocol.closure === 'old binds are over') {
      request.mail = request.mail.filter((bind) => bind.epoch >= epoch);
      if (world.leaders[other].epoch < epoch) endProcess(world, other);
    }
  }
  const process = new LeaderProcess(world, at);
  for (const [index, {view}] of world.requests.entries()) process.see(index, view);
  process.save();
  if (protocol.planted === 'read before the fence') world.leaders[at].phase = 'open';
  else plan(world, at, protocol);
}

/** As `Leader` assumes what it will roll forward, and has the truth for the ledger. */
function plan(world: World, at: At, protocol: Protocol): void {
  const leader = world.leaders[at];
  if (protocol.planted === 'skip the settle') {
    leader.phase = 'leading';
    return;
  }
  const process = new LeaderProcess(world, at);
  const held = allocationsOf(world, ({mine}) => mine[at].truth);
  const claimed = new Set(held.filter(({uid}) => process.queue.claim(uid)).map(({uid}) => uid));
  const {rollForward, truth} = takeOver({
    held,
    bound: process.cache.boundAllocations(),
    canBind: (uid) => claimed.has(uid),
  });
  for (const allocation of rollForward) process.cache.assume(allocation);
  process.update.begin();
  process.save();
  for (const {mine} of world.requests) mine[at].truth = none;
  for (const {uid, workerName} of truth) {
    world.requests[requestOf(uid)]!.mine[at].truth = workerOf(workerName);
  }
  leader.phase = 'settle';
}

/** Settled: what was claimed is bound where it was committed. */
export function rollForward(world: World, at: At): void {
  world.leaders[at].phase = 'leading';
  for (const [index, {mine}] of world.requests.entries()) {
    const {queue, truth} = mine[at];
    if (queue === 'flight' && truth !== none) sendBind(world, at, index, truth);
    mine[at].truth = none;
  }
}
