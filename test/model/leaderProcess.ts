import type {RequestKey} from '../../src/api/records.ts';
import {isNewerVersion} from '../../src/api/resourceVersion.ts';
import {PendingUpdate} from '../../src/ledger/pendingUpdate.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {RequestRouter} from '../../src/watch/requestRouter.ts';
import {WorkerCache} from '../../src/watch/workerCache.ts';
import {allocationOn, parsedOf, requestOf, uidOf, waitingRecord, workerOf} from './records.ts';
import {type At, type Mine, none, requestCount, type View, type World} from './world.ts';

const clock = new VirtualClock();
const noTable = {
  upsertWorker() {},
  removeWorker() {},
  upsertPool() {},
  removePool() {},
  take() {},
  release() {},
  snapshot(): never {
    throw new Error('Cannot place in the model: it tries every worker that fits');
  },
};

/**
 * One leader's own state, made alive: the real cache, pending update and router, filled from the
 * world by the constructor and written back by `save`. Only the queue is a model of four states.
 */
export class LeaderProcess {
  readonly cache = new WorkerCache({table: noTable, clock, maxWorkers: 2});
  readonly update = new PendingUpdate();
  readonly #mine: readonly Mine[];

  constructor(world: World, at: At) {
    this.#mine = world.requests.map(({mine}) => mine[at]);
    this.update.begin();
    for (const [index, {heldOn, isBound, releases, confirms}] of this.#mine.entries()) {
      if (heldOn !== none && isBound) this.cache.confirm(allocationOn(index, heldOn));
      else if (heldOn !== none) this.cache.assume(allocationOn(index, heldOn));
      if (releases) this.update.release(uidOf(index));
      if (confirms) this.update.confirm(uidOf(index));
    }
  }

  /** Writes back what the real parts hold now. */
  save(): void {
    const {releases, confirmed} = this.update.take(2 * requestCount);
    for (const [index, mine] of this.#mine.entries()) {
      const uid = uidOf(index);
      const held = this.cache.allocationOf(uid);
      mine.heldOn = held ? workerOf(held.workerName) : none;
      mine.isBound = this.cache.isBound(uid);
      mine.releases = releases.includes(uid);
      mine.confirms = confirmed.includes(uid);
    }
  }

  /** The states of `RequestQueue` that make a difference; a delay is no longer than no time. */
  readonly queue = {
    upsert: ({uid, resourceVersion}: {uid: string; resourceVersion: string}) => {
      const mine = this.#of(uid);
      if (mine.queue === 'flight' || mine.queue === 'ready') return;
      const isOld =
        mine.queue === 'placed' && !isNewerVersion(resourceVersion, String(mine.placedVersion));
      if (!isOld) mine.queue = 'ready';
    },
    remove: (key: RequestKey) => {
      this.#mine[Number(key.slice(-1))]!.queue = 'none';
    },
    requeue: (_key: RequestKey, {uid}: {uid: string}) => {
      const mine = this.#of(uid);
      if (mine.queue === 'flight') mine.queue = 'ready';
    },
    done: (_key: RequestKey, uid: string, resourceVersion: string) => {
      const mine = this.#of(uid);
      if (mine.queue !== 'flight') return;
      mine.queue = 'placed';
      mine.placedVersion = Number(resourceVersion);
    },
    /** As `Leader` takes what it rolls forward. */
    claim: (uid: string): boolean => {
      const mine = this.#of(uid);
      if (mine.queue !== 'ready') return false;
      mine.queue = 'flight';
      mine.decidedVersion = mine.view.version;
      mine.decidedEdits = mine.view.edits;
      return true;
    },
  };

  /** The router, which knows what this leader has seen of `request`. */
  routerOf(request: number): RequestRouter {
    const {cache, update, queue} = this;
    let isAwake = false;
    const quietly =
      <Args extends unknown[]>(act: (...args: Args) => unknown) =>
      (...args: Args) => {
        if (isAwake) act(...args);
      };
    const router = new RequestRouter({
      queue: {upsert: quietly(queue.upsert), remove: quietly(queue.remove)},
      cache: {
        confirm: quietly((allocation: Parameters<WorkerCache['confirm']>[0]) =>
          cache.confirm(allocation),
        ),
        forget: (uid) => (isAwake ? cache.forget(uid) : undefined),
        isBound: (uid) => isAwake && cache.isBound(uid),
        allocationOf: (uid) => (isAwake ? cache.allocationOf(uid) : undefined),
      },
      update: {
        release: quietly((uid: string) => update.release(uid)),
        confirm: quietly((uid: string) => update.confirm(uid)),
        adopt: quietly(() => update.adopt()),
      },
      report() {},
      onState() {},
      onGone() {},
    });
    const {view} = this.#mine[request]!;
    if (view.is !== 'gone') router.upsert(parsedOf(request, view));
    isAwake = true;
    return router;
  }

  /** The router takes in the present state of one request, as the watch or a list brings it. */
  see(request: number, view: View): void {
    const router = this.routerOf(request);
    if (view.is === 'gone') router.remove(waitingRecord(request).key);
    else router.upsert(parsedOf(request, view));
    this.#mine[request]!.view = view;
  }

  #of(uid: string): Mine {
    return this.#mine[requestOf(uid)]!;
  }
}
