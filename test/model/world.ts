/** "No worker", "no allocation". */
export const none = -1;

/** Of a leader: A or B. */
export type At = 0 | 1;

export const requestCount = 3;
export const workerNames = ['w-0', 'w-1'] as const;

/** A ContainerRequest as the API server has it, or as a leader has last seen it. */
export interface View {
  readonly version: number;
  readonly worker: number;
  /** Of the assignment. */
  readonly id: number;
  readonly is: 'there' | 'finished' | 'gone';
  /** How often its spec was edited: another class, of the same demand. */
  readonly edits: number;
  /** The highest epoch that has written to it, where new leaders do that. */
  readonly stamp: number;
}

/** A status write: on its way, or of which a leader waits for the end. */
export interface Bind {
  readonly epoch: number;
  readonly worker: number;
  readonly id: number;
  /** Of the state that it was decided upon, and demands. */
  readonly version: number;
  readonly edits: number;
  /** Of the leader: waits for the reply; has it; must read the request to know. */
  readonly stage: 'sent' | 'written' | 'look';
}

/** What one leader knows about one request. */
export interface Mine {
  view: View;
  /** In the worker cache. */
  heldOn: number;
  isBound: boolean;
  queue: 'none' | 'ready' | 'flight' | 'placed';
  placedVersion: number;
  /** Of the state that the decision under way was made upon. */
  decidedVersion: number;
  decidedEdits: number;
  /** In the pending update. */
  releases: boolean;
  confirms: boolean;
  /** Kubernetes: told as bound; and in flight in the copy of the Ledger object. */
  told: boolean;
  copied: number;
  /** What the ledger said at the open; from the settle on, what it is told. */
  truth: number;
  bind: Bind | undefined;
}

export interface Request {
  view: View;
  /** Worker of its allocation in the ledger. */
  ledger: number;
  /** The same in the replica of Redis, which lags behind. */
  replica: number;
  mail: readonly Bind[];
  mine: [Mine, Mine];
}

/** A commit under way: one request, or none where only releases wait. */
export interface Commit {
  readonly request: number;
  readonly worker: number;
  readonly releases: readonly number[];
  readonly confirmed: readonly number[];
  readonly stage: 'commit' | 'reopen' | 'resettle';
  /** Written, though nobody was told. */
  readonly isThere: boolean;
}

export interface LeaderState {
  phase: 'standBy' | 'open' | 'read' | 'settle' | 'leading';
  epoch: number;
  hasTried: boolean;
  /** Kubernetes: the epoch in its copy of the Ledger object; `none`: it has no copy. */
  copiedEpoch: number;
  /** Nobody has written since. */
  isFresh: boolean;
  /** Redis: the revision that this leader was told. */
  revision: number;
  commit: Commit | undefined;
}

/** `epoch`, and of Redis its `revision`s: now, and when it was last opened. */
export interface LedgerHead {
  readonly epoch: number;
  readonly revision: number;
  readonly opened: number;
}

/** One state of everything: three requests, two leaders, one ledger, and what is on its way. */
export interface World {
  leaseEpoch: number;
  head: LedgerHead;
  replicaHead: LedgerHead;
  /** Faults that may still happen. */
  losses: number;
  touches: number;
  ends: number;
  failOvers: number;
  leaders: [LeaderState, LeaderState];
  requests: Request[];
}

export type Faults = Pick<World, 'losses' | 'touches' | 'ends' | 'failOvers'>;

export const standBy: LeaderState = {
  phase: 'standBy',
  epoch: 0,
  hasTried: false,
  copiedEpoch: none,
  isFresh: false,
  revision: 0,
  commit: undefined,
};

const waiting: View = {version: 1, worker: none, id: 0, is: 'there', edits: 0, stamp: 0};

export const blank: Mine = {
  view: waiting,
  heldOn: none,
  isBound: false,
  queue: 'none',
  placedVersion: 0,
  decidedVersion: 0,
  decidedEdits: 0,
  releases: false,
  confirms: false,
  told: false,
  copied: none,
  truth: none,
  bind: undefined,
};

/** The first leader has settled an empty ledger and knows of three waiting requests. */
export function firstWorld(faults: Faults): World {
  const head = {epoch: 1, revision: 1, opened: 1};
  const first = {...standBy, phase: 'leading', epoch: 1, hasTried: true, copiedEpoch: 1} as const;
  return {
    leaseEpoch: 1,
    head,
    replicaHead: head,
    ...faults,
    leaders: [{...first, isFresh: true, revision: 1}, standBy],
    requests: Array.from({length: requestCount}, () => ({
      view: waiting,
      ledger: none,
      replica: none,
      mail: [],
      mine: [{...blank, queue: 'ready'}, blank],
    })),
  };
}

/** What a step may change; views, binds, mails and commits are replaced, never changed. */
export function copyOf(world: World): World {
  return {
    ...world,
    leaders: [{...world.leaders[0]}, {...world.leaders[1]}],
    requests: world.requests.map((request) => ({
      ...request,
      mine: [{...request.mine[0]}, {...request.mine[1]}],
    })),
  };
}

/** Puts one leader back to where a new process begins; what it sent stays on its way. */
export function endProcess(world: World, at: At): void {
  world.leaders[at] = {...standBy};
  for (const request of world.requests) request.mine[at] = {...blank};
}
