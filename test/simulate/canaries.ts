import type {ApiCall, Transport, WatchReply} from '../../src/kube/transport.ts';
import type {Ledger} from '../../src/ledger/ledger.ts';
import type {Clock} from '../../src/lib/clock.ts';
import type {Operator} from '../../src/operator.ts';
import type {Size} from '../../src/simulate/drawPlan.ts';
import type {SimulationOptions} from '../../src/simulate/simulation.ts';
import {isBind, isLease} from '../operator/calls.ts';

/** A bug that the simulation must find. */
export interface Canary {
  readonly name: string;
  readonly bugs: NonNullable<SimulationOptions['bugs']>;
  /** Default: as the seed draws it. */
  readonly ledger?: 'kubernetes' | 'memory';
  readonly size?: Size;
  /** It is found within so many seeds, counted from the first. */
  readonly seeds: number;
  /** The one of them that found it last time: looked at before the others, it spares their time. */
  readonly foundBy?: number;
}

export const canarySize: Size = {workers: 8, requests: 80, faults: 30};
/**
 * Two workers and a fault for nearly each request: what is given away too soon is taken by another
 * one before the late bind of a dead leader comes.
 */
const crowdedSize: Size = {workers: 2, requests: 60, faults: 80};

/**
 * Enough is placed that a new leader meets, by a watch that lags, what the one before it had just
 * placed: a list from before that is of no harm else, as the watch has passed it.
 */
const busySize: Size = {workers: 6, requests: 150, faults: 60};

type Stages = Operator['stages'];
type Body = {readonly metadata?: object; readonly status?: object; readonly spec?: object};

const inOperator = (change: (stages: Stages) => void) => ({
  operator: ({stages}: Operator) => change(stages),
});

/** Each is forgotten at once. */
const withoutAssumptions = inOperator(({cache}) => {
  cache.assume = () => {};
});

/** The same calls, but for what `change` makes of them. */
function onCalls(change: (call: ApiCall) => ApiCall): (transport: Transport) => Transport {
  return (transport) => ({
    send: (call, signal) => transport.send(change(call), signal),
    watch: (call, signal) => transport.watch(change(call), signal),
    close: () => transport.close(),
  });
}

function withBody(call: ApiCall, change: (body: Body) => Body): ApiCall {
  return {...call, body: change((call.body ?? {}) as Body)};
}

/** A PUT without resourceVersion is refused by the API server itself. */
function asPatch(call: ApiCall): ApiCall {
  return {...call, method: 'PATCH', contentType: 'application/merge-patch+json'};
}

/** Every call of the port goes on to `ledger`, but for those in `changed`. */
function ledgerWith(ledger: Ledger, changed: Partial<Ledger>): Ledger {
  return {
    kind: ledger.kind,
    open: (epoch, signal) => ledger.open(epoch, signal),
    settle: (epoch, allocations, signal) => ledger.settle(epoch, allocations, signal),
    commit: (input, signal) => ledger.commit(input, signal),
    close: () => ledger.close(),
    ...changed,
  };
}

/** The lines of a watch; where it says that it is too old, those of the one that `again` opens. */
async function* withoutExpiry(
  lines: AsyncIterable<string>,
  again: () => Promise<WatchReply>,
): AsyncGenerator<string, void> {
  for await (const line of lines) {
    if (!line.startsWith('{"type":"ERROR"')) yield line;
    else yield* (await again()).lines;
  }
}

/** Goes on from now where the history that it asks for is forgotten. */
function ignoringExpiry(transport: Transport): Transport {
  return {
    send: (call, signal) => transport.send(call, signal),
    async watch(call, signal) {
      const fromNow = {...call, query: {...call.query, resourceVersion: undefined}};
      const again = () => transport.watch(fromNow, signal);
      const reply = await transport.watch(call, signal);
      return reply.status === 410 ? again() : {...reply, lines: withoutExpiry(reply.lines, again)};
    },
    close: () => transport.close(),
  };
}

/** Answers every list by pages from a state of `ageMs` ago, where it was of now. */
function staleLists(transport: Transport, clock: Clock, ageMs: number): Transport {
  const versions: {readonly atMs: number; readonly version: string}[] = [];
  return {
    async send<T>(call: ApiCall, signal?: AbortSignal) {
      const isList = call.method === 'GET' && call.query?.['limit'] !== undefined;
      const oldest = versions.findLast(({atMs}) => atMs <= clock.monotonicMs() - ageMs);
      const query = {resourceVersion: oldest?.version, resourceVersionMatch: 'Exact'};
      const isOld = isList && oldest && call.query?.['continue'] === undefined;
      const asked = isOld ? {...call, query: {...call.query, ...query}} : call;
      const reply = await transport.send<T>(asked, signal);
      const {metadata} = (reply.body ?? {}) as {metadata?: {resourceVersion?: string}};
      const version = metadata?.resourceVersion;
      if (version !== undefined && !isOld) versions.push({atMs: clock.monotonicMs(), version});
      return reply;
    },
    watch: (call, signal) => transport.watch(call, signal),
    close: () => transport.close(),
  };
}

/** Keeps what it found in the ledger, whatever became of the requests. */
function keepingAll(ledger: Ledger): Ledger {
  let held: Parameters<Ledger['settle']>[1] = [];
  return ledgerWith(ledger, {
    async open(epoch, signal) {
      const opened = await ledger.open(epoch, signal);
      if (opened.kind === 'opened') held = opened.allocations;
      return opened;
    },
    settle(epoch, allocations, signal) {
      const known = new Set(allocations.map(({uid}) => uid));
      const left = held.filter(({uid}) => !known.has(uid));
      return ledger.settle(epoch, [...allocations, ...left], signal);
    },
  });
}

/** Commits whatever is asked for. */
function endless(ledger: Ledger): Ledger {
  return ledgerWith(ledger, {
    commit(input, signal) {
      const much = {
        cpuMillis: Number.MAX_SAFE_INTEGER,
        memoryBytes: Number.MAX_SAFE_INTEGER,
        containers: 1_000_000,
        gpuCount: 16,
      };
      const capacities = [...input.capacities].map(
        ([name, capacity]) => [name, {...capacity, ...much}] as const,
      );
      return ledger.commit({...input, capacities: new Map(capacities)}, signal);
    },
  });
}

export const canaries: readonly Canary[] = [
  {
    name: 'the fence of the ledger is skipped',
    ledger: 'memory',
    bugs: {
      shared: (ledger) => {
        const commit = ledger.commit.bind(ledger);
        ledger.commit = (input, _known) => {
          const {epoch, revision} = ledger.head;
          return commit({...input, epoch, cycle: Number.MAX_SAFE_INTEGER}, revision);
        };
      },
    },
    seeds: 200,
    foundBy: 35,
  },
  {
    name: 'an assumption is forgotten at once',
    bugs: withoutAssumptions,
    seeds: 30,
  },
  {
    name: 'a release stays in the list and is applied again',
    ledger: 'memory',
    bugs: inOperator(({update}) => {
      const take = update.take.bind(update);
      const all = new Set<string>();
      update.take = (...args) => {
        const {releases, confirmed} = take(...args);
        for (const uid of releases) all.add(uid);
        return {releases: [...all], confirmed};
      };
    }),
    seeds: 200,
    foundBy: 41,
  },
  {
    name: 'a bind carries no resourceVersion',
    bugs: {
      transport: onCalls((call) =>
        isBind(call) ? asPatch(withBody(call, ({status = {}}) => ({status}))) : call,
      ),
    },
    seeds: 30,
    foundBy: 5,
  },
  {
    name: 'a 410 is ignored and the watch goes on from now',
    bugs: {transport: ignoringExpiry},
    seeds: 200,
    foundBy: 22,
  },
  {
    name: 'a stale list is trusted as a consistent one',
    ledger: 'kubernetes',
    bugs: {transport: (transport, clock) => staleLists(transport, clock, 2_000)},
    size: busySize,
    seeds: 100,
    foundBy: 33,
  },
  {
    name: 'only every other one of a failed batch is requeued',
    bugs: inOperator(({queue}) => {
      const requeue = queue.requeue.bind(queue);
      let count = 0;
      queue.requeue = (...args) => {
        if (count++ % 2 === 0) requeue(...args);
      };
    }),
    seeds: 200,
    foundBy: 27,
  },
  {
    name: 'an epoch is used again by the next leader',
    bugs: {
      transport: onCalls((call) =>
        isLease(call) && call.method !== 'GET'
          ? withBody(call, (body) => ({...body, spec: {...body.spec, leaseTransitions: 1}}))
          : call,
      ),
    },
    seeds: 10,
  },
  {
    name: 'confirmations are dropped',
    ledger: 'kubernetes',
    bugs: inOperator(({update}) => {
      update.confirm = () => {};
    }),
    seeds: 100,
    foundBy: 38,
  },
  {
    name: 'the settle does not roll forward',
    ledger: 'kubernetes',
    bugs: inOperator(({queue}) => {
      queue.claim = () => undefined;
    }),
    size: crowdedSize,
    seeds: 200,
    foundBy: 16,
  },
  {
    name: 'the settle does not release',
    ledger: 'memory',
    bugs: {ledger: keepingAll},
    seeds: 10,
  },
  {
    name: 'neither the next decision nor the commit looks at what is assumed',
    ledger: 'memory',
    bugs: {
      ledger: endless,
      ...withoutAssumptions,
    },
    seeds: 10,
  },
  {
    name: 'releases get lost',
    bugs: inOperator(({update}) => {
      update.release = () => {};
    }),
    seeds: 10,
  },
  {
    name: 'nobody wakes who waits',
    bugs: inOperator(({queue}) => {
      queue.wake = () => {};
    }),
    seeds: 10,
  },
];
