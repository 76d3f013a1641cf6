import {ask} from './askLedger.ts';
import {LeaderProcess} from './leaderProcess.ts';
import {ledgerObjectSteps} from './ledgerObjectSteps.ts';
import type {Protocol} from './protocol.ts';
import {allocationOn, requestOf} from './records.ts';
import type {Step} from './step.ts';
import {read} from './takeOverSteps.ts';
import {type At, type Commit, endProcess, none, type World, workerNames} from './world.ts';

/** What each of the two leaders may do next in its life: open, read, settle, cycles, end. */
export function leaderSteps(world: World, protocol: Protocol): Step[] {
  return ([0, 1] as const).flatMap((at) => [...stepsOf(world, at, protocol)]);
}

function* stepsOf(world: World, at: At, protocol: Protocol): Iterable<Step> {
  const {phase, commit, copiedEpoch} = world.leaders[at];
  const leader = 'AB'[at];
  if (phase === 'standBy') {
    if (world.leaseEpoch < protocol.maxEpoch) yield elect(world, at, protocol);
    return;
  }
  yield {name: `${leader} crashes`, isFault: true, run: (next) => endProcess(next, at)};
  const isAsking = phase !== 'leading' || commit !== undefined;
  if (phase === 'read') {
    yield {name: `${leader} reads`, isFault: false, run: (next) => read(next, at, protocol)};
  } else if (!isAsking) {
    yield* decisions(world, at);
  } else if (protocol.ledger === 'kubernetes' && copiedEpoch === none) {
    const run = (next: World) => ledgerObjectSteps.look(next, at);
    yield {name: `${leader} reads the Ledger`, isFault: false, run};
  } else {
    const name = `${leader} ledger ${commit?.stage ?? phase}`;
    yield {name, isFault: false, run: (next) => ask(next, at, protocol, false)};
    if (world.losses === 0) return;
    const lose = (next: World) => {
      next.losses--;
      return ask(next, at, protocol, true);
    };
    yield {name: `${name}, reply lost`, isFault: true, run: lose};
  }
}

/** Also while another one still believes to lead: it may be paused. */
function elect({leaseEpoch}: World, at: At, {planted}: Protocol): Step {
  const phase = planted === 'read before the fence' ? 'read' : 'open';
  return {
    name: `${'AB'[at]} gets the Lease, epoch ${leaseEpoch + 1}`,
    isFault: false,
    run(next) {
      Object.assign(next.leaders[at], {phase, epoch: ++next.leaseEpoch});
    },
  };
}

/** Every waiting request on every worker that has room in the cache; or releases alone. */
function* decisions(world: World, at: At): Iterable<Step> {
  const mine = world.requests.map((request) => request.mine[at]);
  for (const [request, {queue, bind}] of mine.entries()) {
    if (queue !== 'ready' || bind) continue;
    for (const [worker, workerName] of workerNames.entries()) {
      if (mine.some(({heldOn}) => heldOn === worker)) continue;
      yield {
        name: `${'AB'[at]} decides r-${request} -> ${workerName}`,
        isFault: false,
        run: (next) => decide(next, at, {request, worker}),
      };
    }
  }
  if (mine.some(({releases}) => releases)) {
    const run = (next: World) => decide(next, at, {request: none, worker: none});
    yield {name: `${'AB'[at]} flushes its releases`, isFault: false, run};
  }
}

function decide(world: World, at: At, asked: Pick<Commit, 'request' | 'worker'>): void {
  const process = new LeaderProcess(world, at);
  const assignments = asked.request === none ? [] : [allocationOn(asked.request, asked.worker)];
  for (const {uid} of assignments) process.queue.claim(uid);
  for (const assignment of assignments) process.cache.assume(assignment);
  const {releases, confirmed} = process.update.take(99, assignments);
  process.save();
  world.leaders[at].commit = {
    ...asked,
    releases: releases.map(requestOf),
    confirmed: confirmed.map(requestOf),
    stage: 'commit',
    isThere: false,
  };
}
