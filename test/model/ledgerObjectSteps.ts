import type {LedgerStatus} from '../../src/api/ledgerSchema.ts';
import type {Allocation} from '../../src/api/resources.ts';
import {
  type ApiCall,
  type ApiReply,
  type Transport,
  TransportError,
} from '../../src/kube/transport.ts';
import {KubernetesLedger} from '../../src/ledger/kubernetesLedger.ts';
import type {CommitInput, CommitResult, OpenResult} from '../../src/ledger/ledger.ts';
import {LeaderProcess} from './leaderProcess.ts';
import {allocationsOf, signal} from './ledgerSteps.ts';
import {requestOf, workerOf} from './records.ts';
import {type At, none, type World} from './world.ts';

/**
 * Kubernetes: the real `KubernetesLedger`, brought to where this leader's stands, for one PATCH.
 * `look` is its GET; what follows a refused PATCH or one without an answer is the next step.
 */
export const ledgerObjectSteps = {
  look(world: World, at: At): void {
    const leader = world.leaders[at];
    leader.copiedEpoch = world.head.epoch;
    leader.isFresh = true;
    for (const request of world.requests) request.mine[at].copied = request.ledger;
  },

  async open(world: World, at: At): Promise<OpenResult> {
    const {ledger, server} = await ledgerOf(world, at, {hasTried: world.leaders[at].hasTried});
    server.serve(world, at);
    server.show(server.status);
    return ledger.open(world.leaders[at].epoch, signal);
  },

  async settle(world: World, at: At, truth: readonly Allocation[]): Promise<CommitResult> {
    const {ledger, server, fenced} = await opened(world, at);
    if (fenced) return fenced;
    server.serve(world, at);
    return ledger.settle(world.leaders[at].epoch, truth, signal);
  },

  async commit(world: World, at: At, input: CommitInput): Promise<CommitResult> {
    const {ledger, server, fenced} = await opened(world, at);
    if (fenced) return fenced;
    server.isViewEmpty = true;
    const copied = allocationsOf(world, ({mine}) => mine[at].copied);
    await ledger.settle(input.epoch, copied, signal);
    server.isViewEmpty = false;
    server.serve(world, at);
    const told = new Set(input.confirmed);
    for (const {uid} of copied) if (world.requests[requestOf(uid)]!.mine[at].told) told.add(uid);
    const result = await ledger.commit({...input, confirmed: [...told]}, signal);
    if (result.kind === 'committed') {
      for (const [index, {mine}] of world.requests.entries()) {
        mine[at].told = told.has(`uid-${index}`) && mine[at].copied !== none;
      }
    }
    return result;
  },
};

async function ledgerOf(world: World, at: At, {hasTried}: {hasTried: boolean}) {
  const process = new LeaderProcess(world, at);
  const server = new LedgerServer();
  const {copiedEpoch, epoch} = world.leaders[at];
  const ledger = new KubernetesLedger({
    transport: server,
    name: 'berth',
    maxInFlight: 16,
    bound: {boundOn: (name) => (server.isViewEmpty ? [] : process.cache.boundOn(name))},
  });
  if (hasTried) {
    server.show({epoch: epoch - 1, cycle: 0, inFlight: []});
    await ledger.open(epoch, signal);
  }
  server.show({
    epoch: copiedEpoch,
    cycle: world.leaders[at].commit?.isThere ? 1 : 0,
    inFlight: allocationsOf(world, ({mine}) => mine[at].copied).map(
      ({gpuDevices: _devices, gpuMillis: _gpuMillis, ...record}) => record,
    ),
  });
  return {ledger, server};
}

async function opened(world: World, at: At) {
  const parts = await ledgerOf(world, at, {hasTried: true});
  const answer = await parts.ledger.open(world.leaders[at].epoch, signal);
  return {...parts, fenced: answer.kind === 'fenced' ? answer : undefined};
}

/** An API server with one Ledger object: for one GET as copied, and one PATCH of the world's. */
class LedgerServer implements Transport {
  status: LedgerStatus = {};
  /** Nothing is shown as bound. */
  isViewEmpty = false;
  #serving: {world: World; at: At} | undefined;
  #hasRead = false;

  /** One GET says so. */
  show(status: LedgerStatus): void {
    this.status = status;
    this.#hasRead = false;
  }

  /** From now on a PATCH is judged by whether `at` has a fresh copy. */
  serve(world: World, at: At): void {
    this.#serving = {world, at};
  }

  async send<T>(call: ApiCall): Promise<ApiReply<T>> {
    if (call.method === 'GET' && !this.#hasRead) {
      this.#hasRead = true;
      return this.#reply(this.status);
    }
    if (call.method === 'GET' || !this.#serving) throw new TransportError('', {neverSent: true});
    const {world, at} = this.#serving;
    const leader = world.leaders[at];
    if (!leader.isFresh) {
      leader.copiedEpoch = none;
      return {status: 409, body: {} as T};
    }
    const {status} = call.body as {status: LedgerStatus};
    const {epoch = 0, inFlight = []} = status;
    world.head = {...world.head, epoch};
    for (const request of world.requests) request.ledger = none;
    for (const {uid, workerName} of inFlight) {
      world.requests[requestOf(uid)]!.ledger = workerOf(workerName);
    }
    for (const other of world.leaders) other.isFresh = other === leader;
    leader.copiedEpoch = epoch;
    for (const request of world.requests) request.mine[at].copied = request.ledger;
    return this.#reply(status);
  }

  watch(): Promise<never> {
    return Promise.reject(new TransportError('nothing to watch'));
  }

  async close(): Promise<void> {}

  #reply<T>(status: LedgerStatus): ApiReply<T> {
    const body = {
      apiVersion: 'berth.dev/v1alpha1',
      kind: 'Ledger',
      metadata: {name: 'berth', resourceVersion: '1'},
      status,
    };
    return {status: 200, body: body as T};
  }
}
