import type {Fault as CallFault} from '../embedded/faultyTransport.ts';
import {leases, pathOf} from '../kube/resource.ts';
import type {ApiCall} from '../kube/transport.ts';
import {assertNever} from '../lib/assertNever.ts';
import type {Agents} from './agents.ts';
import {delay, never} from './delay.ts';
import type {Effect} from './fault.ts';
import type {Fleet} from './fleet.ts';
import type {Outages} from './outages.ts';
import type {Replica} from './replica.ts';
import type {SharedLedger} from './sharedLedger.ts';
import type {Users} from './users.ts';
import type {World} from './world.ts';

export interface FaultEffectsOptions {
  readonly world: World;
  readonly fleet: Fleet;
  readonly users: Users;
  readonly agents: Agents;
  readonly outages: Outages;
  /** Undefined where it is the Ledger object, or a real server. */
  readonly ledger: SharedLedger | undefined;
}

/** Where a fault came up: whose call it was, and which one. */
export interface CallPlace {
  readonly replica: Replica;
  /** Undefined: a call to the ledger outside. */
  readonly call: ApiCall | undefined;
}

/** Does what the faults say. */
export class FaultEffects {
  readonly #options: FaultEffectsOptions;

  constructor(options: FaultEffectsOptions) {
    this.#options = options;
  }

  /**
   * @param place undefined: at a time, not at a call
   * @returns what the call waits for; for ever where it ends with its process
   */
  take(effect: Effect, place: CallPlace | undefined): Promise<void> | undefined {
    const {world, outages, ledger, users, agents, fleet} = this.#options;
    switch (effect.do) {
      case 'call':
        if (place?.call) injectAt(place.replica, place.call, effect.fault);
        return undefined;
      case 'late':
        return place && delay(world.clock, effect.byMs);
      case 'twice':
        if (place?.call && !isWatch(place.call))
          this.#repeat(place.replica, place.call, effect.afterMs);
        return undefined;
      case 'crash': {
        const victim = place?.replica ?? fleet.find(effect.victim);
        if (victim) fleet.crash(victim, effect.downMs);
        victim?.transport.stall(effect.stallMs);
        return place && !effect.arrives ? never() : undefined;
      }
      case 'serverDown':
        outages.serverDown(effect.forMs);
        for (const replica of fleet.replicas) replica.faults.cutWatches();
        return undefined;
      case 'overload':
        outages.overload(effect.status, effect.forMs);
        return undefined;
      case 'ledgerDown':
        outages.ledgerDown(effect.forMs);
        return undefined;
      case 'ledgerSlow':
        outages.ledgerSlow(effect.byMs, effect.forMs);
        return undefined;
      case 'ledgerEmptied':
        ledger?.empty();
        return undefined;
      case 'ledgerFailedOver':
        ledger?.failOver(effect.lostMs);
        return undefined;
      case 'wallJump':
        world.clock.jumpWall(effect.byMs);
        return undefined;
      case 'leaseDeleted':
        void world.api.send({method: 'DELETE', path: leasePath});
        return undefined;
      case 'request':
        return users.changeRequest(effect.change, requestOf(place?.call), effect.pick);
      case 'worker':
        return users.changeWorker(effect.change, workerOf(place?.call), effect.pick);
      case 'agentSilent':
        agents.silence(effect.pick, effect.forMs);
        return undefined;
      default:
        this.#takeOnReplica(effect, place?.replica);
        return undefined;
    }
  }

  #takeOnReplica(effect: ReplicaEffect, caller: Replica | undefined): void {
    const {world, outages, fleet} = this.#options;
    const victim = caller ?? fleet.find(effect.victim);
    if (!victim) return;
    switch (effect.do) {
      case 'pause':
        fleet.pause(victim, effect.forMs);
        victim.transport.stall(effect.stallMs);
        return;
      case 'stall':
        victim.transport.stall(effect.forMs);
        return;
      case 'stop':
        fleet.stop(victim, effect.downMs);
        return;
      case 'unreachable':
        outages.unreachable(victim, effect.forMs);
        victim.faults.cutWatches();
        return;
      case 'cutWatches':
        victim.faults.cutWatches();
        return;
      case 'silence':
        victim.faults.silenceWatches();
        return;
      case 'lag':
        outages.lag(victim, effect.plural, effect.byMs, effect.forMs);
        return;
      case 'expire':
        outages.unreachable(victim, effect.forMs);
        victim.faults.cutWatches();
        world.clock.setTimer(effect.forMs, () => world.server.compact());
        return;
      default:
        assertNever(effect);
    }
  }

  #repeat(replica: Replica, call: ApiCall, afterMs: number): void {
    const {world} = this.#options;
    const again = world.server.transport({user: replica.name});
    world.clock.setTimer(afterMs, () => void again.send(call));
  }
}

type ReplicaEffect = Extract<
  Effect,
  {
    readonly do:
      | 'pause'
      | 'stall'
      | 'stop'
      | 'unreachable'
      | 'cutWatches'
      | 'silence'
      | 'lag'
      | 'expire';
  }
>;

function isWatch({query}: ApiCall): boolean {
  return query?.['watch'] !== undefined;
}

/** Upon this one call. */
export function injectAt(replica: Replica, call: ApiCall, fault: CallFault): void {
  replica.faults.inject({fault, matches: (one) => one === call});
}

const leasePath = pathOf(leases, {namespace: 'default', name: 'berth'});

/** Name of the request that a call is about. */
function requestOf(call: ApiCall | undefined): string | undefined {
  return /\/containerrequests\/([^/]+)/.exec(call?.path ?? '')?.[1];
}

/** Name of the worker that a call is about: it binds to it, or shows its sums. */
function workerOf(call: ApiCall | undefined): string | undefined {
  const {status} = (call?.body ?? {}) as {status?: {workerName?: string | null}};
  return status?.workerName ?? /\/workers\/([^/]+)/.exec(call?.path ?? '')?.[1];
}
