import {asObject} from '../../src/api/rawObject.ts';
import type {ParsedRequest} from '../../src/api/records.ts';
import {judge, writeFor} from '../../src/status/attempt.ts';
import {concludeBind} from '../../src/status/concludeBind.ts';
import type {BindIntent} from '../../src/status/intent.ts';
import type {StatusOutcome} from '../../src/status/outcome.ts';
import {LeaderProcess} from './leaderProcess.ts';
import type {Protocol} from './protocol.ts';
import {objectOf, parsedOf, waitingRecord} from './records.ts';
import type {Step} from './step.ts';
import {type At, type Bind, none, type View, type World, workerNames} from './world.ts';

/** Writes on their way, their replies, the reads that follow them, and the watch. */
export function* bindSteps(world: World, protocol: Protocol): Iterable<Step> {
  for (const [index, {mail, mine}] of world.requests.entries()) {
    for (const bind of mail) {
      const isOrphan = !mine.some((one) => one.bind === bind);
      yield {
        name: `bind r-${index} -> ${workerNames[bind.worker]} of epoch ${bind.epoch} arrives`,
        isFault: isOrphan,
        run: (next) => arrive(next, index, bind, protocol),
      };
    }
    for (const at of [0, 1] as const) {
      const {phase} = world.leaders[at];
      if (phase === 'settle' || phase === 'leading') yield* ofLeader(world, at, index, protocol);
    }
  }
}

function* ofLeader(world: World, at: At, index: number, protocol: Protocol): Iterable<Step> {
  const {mine, view} = world.requests[index]!;
  const {bind, view: seen} = mine[at];
  const leader = 'AB'[at];
  if (seen.version !== view.version || seen.is !== view.is) {
    const run = (next: World) => watch(next, at, index);
    yield {name: `${leader}'s watch shows r-${index}`, isFault: false, run};
  }
  if (!bind) return;
  if (bind.stage === 'written') {
    const {version, worker, id, edits} = bind;
    const shown: View = {...seen, version, worker, id, edits, is: 'there'};
    const run = (next: World) => concludeWritten(next, at, index, shown);
    yield {name: `${leader} hears that r-${index} is bound`, isFault: false, run};
  }
  if (bind.stage === 'look') {
    const run = (next: World) => find(next, at, index, protocol);
    yield {name: `${leader} reads r-${index}`, isFault: false, run};
  }
  if (bind.stage !== 'look' && world.losses > 0) {
    const run = (next: World) => {
      next.losses--;
      next.requests[index]!.mine[at].bind = {...bind, stage: 'look'};
    };
    const name = `${leader} gets no reply to its bind of r-${index}`;
    yield {name, isFault: true, run};
  }
}

/** Hands a bind to the network, upon the state that it was decided on. */
export function sendBind(world: World, at: At, index: number, worker: number): void {
  const {view, mail, mine} = world.requests[index]!;
  const {decidedVersion: version, decidedEdits: edits} = mine[at];
  const known = [view, ...mail, ...mine.flatMap((one) => [one.view, one.bind ?? one.view])];
  const id = 1 + Math.max(...known.map((one) => one.id));
  mine[at].decidedVersion = 0;
  mine[at].decidedEdits = 0;
  const {epoch} = world.leaders[at];
  post(world, at, index, {epoch, worker, id, version, edits, stage: 'sent'});
}

function post(world: World, at: At, index: number, bind: Bind): void {
  const request = world.requests[index]!;
  const intent = intentOf(index, bind);
  const {body} = writeFor(intent, intent.record, 0)!;
  const version = Number(asObject(asObject(body)['metadata'])['resourceVersion']);
  const sent = {...bind, version, stage: 'sent'} as const;
  request.mail = [...request.mail, sent];
  request.mine[at].bind = sent;
}

function intentOf(index: number, {epoch, worker, id, version, edits}: Bind): BindIntent {
  const assignment = {id: String(id), epoch, cycle: 1, gpuDevices: [], affinity: 'None' as const};
  const record = waitingRecord(index, version, edits);
  return {kind: 'bind', record, workerName: workerNames[worker]!, assignment};
}

/** The API server's optimistic concurrency; the sender is told, where it still waits. */
function arrive(world: World, index: number, bind: Bind, {planted}: Protocol): void {
  const request = world.requests[index]!;
  request.mail = request.mail.filter((other) => other !== bind);
  const {view} = request;
  const isAsked = view.version === bind.version || planted === 'bind without resourceVersion';
  const isTaken = isAsked && view.is !== 'gone';
  const {worker, id} = bind;
  if (isTaken) request.view = {...view, version: view.version + 1, worker, id};
  for (const mine of request.mine) {
    if (mine.bind !== bind) continue;
    const {version} = request.view;
    mine.bind = isTaken ? {...bind, stage: 'written', version} : {...bind, stage: 'look'};
  }
}

/** As `IntentWriter` after a 409 or without a reply: reads, and decides from what is there. */
function find(world: World, at: At, index: number, {planted}: Protocol): void {
  const {view, mine} = world.requests[index]!;
  const bind = mine[at].bind!;
  if (view.is === 'gone') {
    conclude(world, at, index, {kind: 'gone'});
    return;
  }
  const isFenced = view.stamp > bind.epoch && view.worker === none;
  const found = isFenced
    ? {kind: 'superseded' as const}
    : judge(intentOf(index, bind), parsedOf(index, view));
  if (found.kind === 'open') post(world, at, index, {...bind, version: view.version});
  else if (found.kind === 'written') concludeWritten(world, at, index, view);
  else if (planted === 'forget what a read showed') conclude(world, at, index, {kind: found.kind});
  else conclude(world, at, index, {kind: found.kind, object: objectOf(index, view)}, view);
}

function concludeWritten(world: World, at: At, index: number, view: View): void {
  const object = objectOf(index, view);
  const resourceVersion = String(view.version);
  conclude(world, at, index, {kind: 'written', resourceVersion, object}, view);
}

/** @param shown what the object of `outcome` says */
function conclude(world: World, at: At, index: number, outcome: StatusOutcome, shown?: View): void {
  const mine = world.requests[index]!.mine[at];
  const process = new LeaderProcess(world, at);
  const router = process.routerOf(index);
  const replied = (parsed: ParsedRequest) => {
    const isNews = router.replied(parsed);
    if (isNews && shown) mine.view = shown;
    return isNews;
  };
  const {cache, update, queue} = process;
  concludeBind(intentOf(index, mine.bind!), outcome, {cache, update, queue, router: {replied}});
  process.save();
  mine.bind = undefined;
}

function watch(world: World, at: At, index: number): void {
  const process = new LeaderProcess(world, at);
  process.see(index, world.requests[index]!.view);
  process.save();
}
