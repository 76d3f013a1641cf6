import {inLanes} from '../../src/cli/burst/inLanes.ts';
import {create, numbered, requestsAWorker} from '../../src/cli/burst/objects.ts';
import {apiVersionOf, namespaces, pathOf} from '../../src/kube/resource.ts';
import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';
import {systemClock} from '../../src/lib/clock.ts';
import type {RealApiServer} from '../../test/servers/apiServer.ts';
import {waitFor} from '../../test/servers/waitFor.ts';
import {type PlacementKind, type Stored, space} from './placementKind.ts';
import {PlacementWatch} from './placementWatch.ts';
import {untilAtRest} from './processorTime.ts';

const deleteMs = 120_000;
const restMs = 60_000;
/** The slowest that is waited for, placements a second. */
const leastRate = 10;
const leastDeadlineMs = 60_000;

/** Hosts of one kind, a bare client that creates what is placed on them, and a watcher. */
export class Arena {
  readonly #watch: PlacementWatch;
  readonly #hosts: readonly string[];
  readonly #api: RealApiServer;
  readonly #transport: Transport;
  readonly #kind: PlacementKind;

  private constructor(parts: {
    api: RealApiServer;
    transport: Transport;
    kind: PlacementKind;
    hosts: readonly string[];
    watch: PlacementWatch;
  }) {
    this.#api = parts.api;
    this.#transport = parts.transport;
    this.#kind = parts.kind;
    this.#hosts = parts.hosts;
    this.#watch = parts.watch;
  }

  /**
   * Makes the hosts; they are gone after `close`, so that one contender never sees the other's.
   *
   * @param clients the client's connections and the watcher's
   */
  static async open(
    api: RealApiServer,
    clients: {readonly client: Transport; readonly watcher: Transport},
    kind: PlacementKind,
    hostCount: number,
  ): Promise<Arena> {
    const {client: transport} = clients;
    const body = {
      apiVersion: apiVersionOf(namespaces),
      kind: namespaces.kind,
      metadata: {name: space},
    };
    const made = await transport.send({method: 'POST', path: pathOf(namespaces), body});
    if (made.status !== 201 && made.status !== 409) {
      throw new Error(`Cannot create namespace ${space}: the API server answers ${made.status}`);
    }
    const hosts = numbered('host', hostCount);
    await inLanes(hosts, (name) => kind.createHost(transport, name));
    const watch = new PlacementWatch(clients.watcher, kind);
    await watch.start();
    return new Arena({api, transport, kind, hosts, watch});
  }

  /** Creates objects, 32 at a time; resolves when the last is created. */
  async create(
    names: readonly string[],
    onSent: (name: string) => void = () => {},
  ): Promise<readonly Stored[]> {
    const stored: Stored[] = [];
    await inLanes(names, async (name) => {
      onSent(name);
      stored.push(await this.#create(name));
    });
    return stored;
  }

  /** Places by a bare client, which decides nothing: one host after the other. */
  async place(stored: readonly Stored[]): Promise<void> {
    await inLanes([...stored.entries()], ([index, one]) => this.#place(one, index));
  }

  /** Creates and places in one go, so that neither kind of write waits for the other. */
  async createAndPlace(names: readonly string[]): Promise<void> {
    await inLanes([...names.entries()], async ([index, name]) => {
      await this.#place(await this.#create(name), index);
    });
  }

  /**
   * When each of `count` objects was seen placed; waits for that.
   *
   * @param check throws where it would be waited for in vain
   */
  untilPlaced(count: number, check = () => {}): Promise<ReadonlyMap<string, number>> {
    return this.#watch.untilPlaced(count, leastDeadlineMs + (count / leastRate) * 1_000, check);
  }

  /** Waits until the API server has done what it was given. */
  atRest(): Promise<void> {
    return untilAtRest(this.#api.pids().apiServer, restMs);
  }

  /**
   * Counts by a list of its own.
   * @throws Error where one is not placed, or a host has more than it holds
   */
  async recount(count: number): Promise<void> {
    const path = pathOf(this.#kind.objects, {namespace: space});
    const call = {method: 'GET', path, timeoutMs: deleteMs} as const;
    const {items} = await sendOrThrow<{items: readonly Stored[]}>(this.#transport, call);
    refuseBadPlacement(
      items.map((item) => this.#kind.hostOf(item)),
      count,
    );
  }

  /** Deletes every object and waits until all are seen gone and the API server is at rest. */
  async clear(): Promise<void> {
    await this.#deleteAll(pathOf(this.#kind.objects, {namespace: space}));
    await this.#watch.untilNone(deleteMs);
    await this.atRest();
  }

  async close(): Promise<void> {
    this.#watch.stop();
    await this.#deleteAll(pathOf(this.#kind.objects, {namespace: space}));
    await this.#deleteAll(pathOf(this.#kind.hosts));
    await this.atRest();
  }

  #create(name: string): Promise<Stored> {
    const path = pathOf(this.#kind.objects, {namespace: space});
    return create<Stored>(this.#transport, path, this.#kind.object(name));
  }

  async #place(stored: Stored, index: number): Promise<void> {
    const host = this.#hosts[index % this.#hosts.length]!;
    await sendOrThrow(this.#transport, this.#kind.placing(stored, host));
  }

  /** Again and again: the API server ends a long one by its own deadline. */
  async #deleteAll(path: string): Promise<void> {
    const query = {gracePeriodSeconds: 0};
    await waitFor(`the end of all of ${path}`, deleteMs, async () => {
      const list = {method: 'GET', path, query: {limit: 1}} as const;
      const {items} = await sendOrThrow<{items: readonly object[]}>(this.#transport, list);
      if (items.length === 0) return true;
      await this.#transport.send({method: 'DELETE', path, query, timeoutMs: deleteMs});
      return false;
    });
  }
}

/**
 * @param hostOfEach undefined for an object that is not placed
 * @throws Error where `count` objects of 100m are not rightly placed on hosts of 4 CPUs
 */
export function refuseBadPlacement(
  hostOfEach: readonly (string | undefined)[],
  count: number,
): void {
  const placed = hostOfEach.filter((host) => host !== undefined);
  if (hostOfEach.length !== count || placed.length !== count) {
    throw new Error(
      `Cannot count this burst: ${placed.length} of ${hostOfEach.length} objects are placed, wanted ${count}`,
    );
  }
  for (const [host, of] of Map.groupBy(placed, (name) => name)) {
    if (of.length > requestsAWorker) {
      throw new Error(
        `Cannot count this burst: ${host} has ${of.length} objects, it holds ${requestsAWorker}`,
      );
    }
  }
}

/** Milliseconds that `run` takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const startMs = systemClock.monotonicMs();
  await run();
  return systemClock.monotonicMs() - startMs;
}
