import {
  type Bind,
  type LedgerHead,
  type Mine,
  none,
  type Request,
  type View,
  type World,
} from './world.ts';

/**
 * Equal for states that behave alike, and for no others: which of the equal requests is first,
 * which of the equal workers, and the absolute numbers of versions, ids and revisions make no
 * difference. Nothing is hashed: each field has its bits, a few fields make one character.
 */
export function fingerprintOf(world: World): string {
  const [first] = [formatRequests(world, 0), formatRequests(world, 1)].sort();
  return formatGlobals(world) + first;
}

/** @param turn 1: as if the two workers had changed places */
function formatRequests(world: World, turn: 0 | 1): string {
  const texts = world.requests.map((request, index) =>
    formatRequest(world, {request, index, turn}),
  );
  return texts.sort().join('');
}

const phases = ['standBy', 'open', 'read', 'settle', 'leading'] as const;
const stages = [undefined, 'commit', 'reopen', 'resettle'] as const;

function formatGlobals(world: World): string {
  const {head, replicaHead, leaders, ...rest} = world;
  // Without a fail-over to come the replica makes no difference.
  const heads = rest.failOvers > 0 ? [head, replicaHead] : [head];
  const rank = rankRevisions(world, heads);
  const codes = [
    rest.leaseEpoch,
    (rest.losses * 8 + rest.touches) * 64 + rest.ends * 8 + rest.failOvers,
    ...heads.map(({epoch, revision, opened}) => (epoch * 8 + rank(revision)) * 8 + rank(opened)),
  ];
  for (const leader of leaders) {
    const {phase, epoch, hasTried, copiedEpoch, isFresh, revision, commit} = leader;
    const copy = (copiedEpoch + 1) * 4 + +hasTried * 2 + +isFresh;
    const asked = stages.indexOf(commit?.stage) * 2 + +(commit?.isThere ?? false);
    codes.push((phases.indexOf(phase) * 8 + epoch) * 32 + copy, asked * 8 + rank(revision));
  }
  return String.fromCharCode(...codes);
}

/**
 * By their order; where none can go back, all that matters is whether the ledger was opened since a
 * leader was told.
 */
function rankRevisions(
  {head, leaders, failOvers}: World,
  heads: readonly LedgerHead[],
): (revision: number) => number {
  const told = leaders.map(({revision}) => revision);
  if (failOvers === 0 && told.every((revision) => revision <= head.revision)) {
    return (revision) => +(revision >= head.opened);
  }
  const all = [...heads.flatMap(({revision, opened}) => [revision, opened]), ...told];
  const sorted = [...new Set(all)].sort((left, right) => left - right);
  return (revision) => sorted.indexOf(revision);
}

interface Turned {
  readonly request: Request;
  readonly index: number;
  readonly turn: 0 | 1;
}

function formatRequest({leaders, failOvers}: World, {request, index, turn}: Turned): string {
  const {view, mail, mine, ledger, replica} = request;
  const names = new Names(turn);
  names.add(view);
  for (const bind of mail) names.add(bind);
  for (const one of mine) {
    for (const version of versionsOf(one)) names.add({version, id: 0});
    if (one.bind) names.add(one.bind);
  }
  let held = names.worker(ledger) * 4 + names.worker(failOvers > 0 ? replica : none);
  for (const {commit} of leaders) {
    const isAsked = commit?.request === index;
    held = held * 4 + (isAsked ? names.worker(commit.worker) : 0);
    held = held * 4 + +(commit?.releases.includes(index) ?? false) * 2;
    held += +(commit?.confirmed.includes(index) ?? false);
  }
  const sent = mail.map((bind) => names.bind(bind)).sort((left, right) => left - right);
  return String.fromCharCode(
    names.view(view),
    held,
    ...names.mine(mine[0]),
    ...names.mine(mine[1]),
    sent.length,
    ...sent,
  );
}

/** What a leader has seen, decided upon and placed; the last one counts as long as it is placed. */
function versionsOf({view, decidedVersion, placedVersion, queue}: Mine) {
  return [view.version, decidedVersion, queue === 'placed' ? placedVersion : 0] as const;
}

const states = ['there', 'finished', 'gone'] as const;
const queues = ['none', 'ready', 'flight', 'placed'] as const;
const bindStages = ['sent', 'written', 'look'] as const;

/** Versions and ids of one request by their places in ascending order. */
class Names {
  readonly #turn: 0 | 1;
  #versions = 0;
  #ids = 0;

  constructor(turn: 0 | 1) {
    this.#turn = turn;
  }

  add({version, id}: {readonly version: number; readonly id: number}): void {
    if (version > 30 || id > 30) throw new Error(`Cannot name version ${version}, id ${id}`);
    this.#versions |= 1 << version;
    this.#ids |= 1 << id;
  }

  /** 0: none. Two bits. */
  worker(worker: number): number {
    return worker === none ? 0 : 1 + (worker ^ this.#turn);
  }

  view({version, worker, id, is, edits, stamp}: View): number {
    const seen = rankIn(this.#versions, version) * 16 + rankIn(this.#ids, id);
    return ((seen * 4 + this.worker(worker)) * 4 + states.indexOf(is)) * 16 + edits * 8 + stamp;
  }

  bind({epoch, worker, id, version, stage, edits}: Bind): number {
    const sent = rankIn(this.#versions, version) * 16 + rankIn(this.#ids, id);
    const at = (sent * 4 + epoch) * 4 + this.worker(worker);
    return (at * 4 + bindStages.indexOf(stage)) * 4 + edits;
  }

  mine(one: Mine): readonly number[] {
    const [, decided, placed] = versionsOf(one).map((version) => rankIn(this.#versions, version));
    const queued =
      ((placed! * 16 + decided!) * 4 + queues.indexOf(one.queue)) * 4 + one.decidedEdits;
    const flags = ((+one.isBound * 2 + +one.releases) * 2 + +one.confirms) * 2 + +one.told;
    const held = (flags * 4 + this.worker(one.heldOn)) * 4 + this.worker(one.copied);
    return [
      // The id of an assignment that is only seen is never looked at.
      this.view({...one.view, id: 0}),
      queued,
      held * 4 + this.worker(one.truth),
      one.bind ? this.bind(one.bind) : 0,
    ];
  }
}

/** How many bits of `mask` are below `bit`. At most 16 versions and ids of a request differ. */
function rankIn(mask: number, bit: number): number {
  let rank = 0;
  for (let below = mask & ((1 << bit) - 1); below !== 0; below &= below - 1) rank++;
  return rank;
}
