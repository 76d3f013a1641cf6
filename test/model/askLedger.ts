import type {Allocation} from '../../src/api/resources.ts';
import {
  type CommitInput,
  type CommitResult,
  type OpenResult,
  Reject,
} from '../../src/ledger/ledger.ts';
import {sendBind} from './bindSteps.ts';
import {LeaderProcess} from './leaderProcess.ts';
import {ledgerObjectSteps} from './ledgerObjectSteps.ts';
import {allocationsOf, redisSteps, replicate} from './ledgerSteps.ts';
import type {Protocol} from './protocol.ts';
import {allocationOn, capacities, uidOf, waitingRecord} from './records.ts';
import {opened, rollForward} from './takeOverSteps.ts';
import {type At, type Commit, endProcess, type LeaderState, none, type World} from './world.ts';

/** One call of a leader to the ledger, with or without its answer. */
export async function ask(
  world: World,
  at: At,
  protocol: Protocol,
  isLost: boolean,
): Promise<void> {
  const leader = world.leaders[at];
  const {head} = world;
  const {revision, phase} = leader;
  const answer = await call(world, at, protocol);
  if (phase === 'open') leader.hasTried = true;
  if (isLost) {
    leader.revision = revision;
    leader.copiedEpoch = none;
    stayInDoubt(world, at, protocol, world.head !== head);
    return;
  }
  if (isReplicated(protocol, phase)) replicate(world);
  if (answer.kind === 'fenced') endProcess(world, at);
  else if (answer.kind === 'lost') lose(world, at);
  else if (answer.kind === 'opened') proceedOpened(world, at, protocol, answer.allocations);
  else if (answer.kind === 'committed') proceedCommitted(world, at, answer.rejects[0]);
}

function isReplicated({closure}: Protocol, phase: LeaderState['phase']): boolean {
  if (closure === 'stamp what waits, replicate opens') return phase === 'open';
  return closure === 'replicated commits';
}

function call(world: World, at: At, protocol: Protocol): Promise<OpenResult | CommitResult> {
  const steps = protocol.ledger === 'kubernetes' ? ledgerObjectSteps : redisSteps;
  const {phase, commit} = world.leaders[at];
  if (phase === 'open' && protocol.planted === 'skip the fence') return unfencedOpen(world, at);
  if (phase === 'open' || commit?.stage === 'reopen') return steps.open(world, at);
  if (commit?.stage === 'commit') return steps.commit(world, at, inputOf(world, at, commit));
  return steps.settle(
    world,
    at,
    allocationsOf(world, ({mine}) => mine[at].truth),
  );
}

/** Planted: takes the ledger as if the epoch there were its own. */
async function unfencedOpen(world: World, at: At): Promise<OpenResult> {
  const leader = world.leaders[at];
  leader.epoch = world.head.epoch;
  leader.revision = world.head.revision;
  const allocations = allocationsOf(world, ({ledger}) => ledger);
  return {kind: 'opened', allocations};
}

function inputOf(world: World, at: At, commit: Commit): CommitInput {
  const {request, worker, releases, confirmed} = commit;
  return {
    epoch: world.leaders[at].epoch,
    cycle: 1,
    releases: releases.map(uidOf),
    confirmed: confirmed.map(uidOf),
    assignments: request === none ? [] : [allocationOn(request, worker)],
    capacities,
  };
}

/** Without an answer everything is asked again as it was. */
function stayInDoubt(world: World, at: At, protocol: Protocol, isWritten: boolean): void {
  const leader = world.leaders[at];
  const {commit} = leader;
  if (!commit) return;
  leader.commit = {...commit, isThere: commit.isThere || isWritten};
  if (protocol.planted === 'bind without an answer') handOver(world, at, commit);
}

/** As `Committer` and `Leader` go on where the ledger has lost its contents. */
function lose(world: World, at: At): void {
  const leader = world.leaders[at];
  const {commit} = leader;
  if (!commit) {
    giveBack(world, at);
    leader.phase = 'open';
    return;
  }
  for (const [index, {mine}] of world.requests.entries()) {
    mine[at].truth = index === commit.request ? none : mine[at].heldOn;
  }
  leader.commit = {...commit, stage: 'reopen'};
}

function giveBack(world: World, at: At): void {
  const process = new LeaderProcess(world, at);
  for (const [index, {mine}] of world.requests.entries()) {
    if (mine[at].queue !== 'flight') continue;
    process.cache.forgetAssumed(uidOf(index));
    mine[at].queue = 'ready';
  }
  process.save();
}

function proceedOpened(
  world: World,
  at: At,
  protocol: Protocol,
  allocations: readonly Allocation[],
): void {
  const leader = world.leaders[at];
  if (leader.commit) leader.commit = {...leader.commit, stage: 'resettle'};
  else opened(world, at, protocol, allocations);
}

function proceedCommitted(world: World, at: At, reject: Reject | undefined): void {
  const leader = world.leaders[at];
  const {commit} = leader;
  if (!commit) rollForward(world, at);
  else if (commit.stage === 'resettle') leader.commit = {...commit, stage: 'commit'};
  else handOver(world, at, commit, reject);
}

/** Phase 6 of the cycle, as `Scheduler` has it. */
function handOver(world: World, at: At, {request, worker}: Commit, reject?: Reject): void {
  world.leaders[at].commit = undefined;
  if (request === none) return;
  if (reject === undefined) {
    sendBind(world, at, request, worker);
    return;
  }
  const process = new LeaderProcess(world, at);
  const {uid, key} = waitingRecord(request);
  process.cache.forgetAssumed(uid);
  if (reject === Reject.AssignedElsewhere && !process.cache.isBound(uid))
    process.update.release(uid);
  process.queue.requeue(key, {uid});
  process.save();
}
