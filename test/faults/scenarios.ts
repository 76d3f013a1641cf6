import {pathOf, workers} from '../../src/kube/resource.ts';
import {sendOrThrow} from '../../src/kube/transport.ts';
import type {BerthProcess} from '../cli/berthProcess.ts';
import {type Battle, nowMs, type Recovery} from './battle.ts';
import {TcpProxy} from './tcpProxy.ts';

export interface Scenario {
  readonly name: string;
  /** Opens what is particular, starts operators; the load begins after it. */
  readonly prepare: (battle: Battle) => Promise<Strike>;
}

/** Does the fault, whole, and says what counts as its end; what is open is closed by `close`. */
export interface Strike {
  readonly strike: () => Promise<Recovery>;
  /** After the recovery. */
  readonly after?: () => Promise<void>;
  readonly close?: () => Promise<void>;
}

/** How long a fault of a wire or a server lasts: some renewals of the Lease. */
const outageMs = 1_500;
const exitMs = 20_000;

/** Two replicas; returns the one that leads. */
export async function pair(battle: Battle): Promise<BerthProcess> {
  const leader = await battle.addOperator();
  await battle.addOperator();
  return leader;
}

/** Ends or stops the leader: the next one has a later epoch. */
export function signalled(
  battle: Battle,
  leader: BerthProcess,
  signal: 'SIGKILL' | 'SIGSTOP' | 'SIGTERM',
): Recovery {
  const endedEpoch = battle.observer.epoch;
  const sinceMs = nowMs();
  leader.signal(signal);
  return {sinceMs, endedEpoch};
}

function leaderEnded(signal: 'SIGKILL' | 'SIGTERM', how: string): Scenario {
  return {
    name: `leader ${how} (${signal}), a second replica takes over`,
    async prepare(battle) {
      const leader = await pair(battle);
      return {strike: async () => signalled(battle, leader, signal)};
    },
  };
}

/** The leader behind a proxy, a second replica not. */
async function behindProxy(battle: Battle, spoil: (proxy: TcpProxy) => Promise<Recovery>) {
  const proxy = await TcpProxy.start(Number(new URL(battle.field.api.url).port));
  await battle.addOperator(proxy.port);
  await battle.addOperator();
  return {strike: () => spoil(proxy), close: () => proxy.stop()};
}

export const scenarios: readonly Scenario[] = [
  leaderEnded('SIGKILL', 'killed'),
  {
    name: 'leader stopped past its Lease (SIGSTOP), then resumed (SIGCONT)',
    async prepare(battle) {
      const leader = await pair(battle);
      return {
        strike: async () => signalled(battle, leader, 'SIGSTOP'),
        async after() {
          leader.signal('SIGCONT');
          await battle.until('the old leader to leave', exitMs, () => leader.hasEnded);
        },
        async close() {
          leader.signal('SIGCONT');
        },
      };
    },
  },
  leaderEnded('SIGTERM', 'ended'),
  {
    name: 'API server killed and started again',
    async prepare(battle) {
      await battle.addOperator();
      return {
        async strike() {
          await battle.field.api.restart({kill: true});
          return {sinceMs: nowMs()};
        },
      };
    },
  },
  {
    name: 'etcd killed and started again',
    async prepare(battle) {
      await battle.addOperator();
      return {
        async strike() {
          await battle.field.api.restartEtcd();
          return {sinceMs: nowMs()};
        },
      };
    },
  },
  {
    name: 'replies to the leader late by 300 ms',
    prepare: (battle) =>
      behindProxy(battle, async (proxy) => {
        const sinceMs = nowMs();
        proxy.delayReplies(300);
        await battle.lasts(outageMs);
        proxy.delayReplies(0);
        return {sinceMs};
      }),
  },
  {
    name: 'connections of the leader cut ten times',
    prepare: (battle) =>
      behindProxy(battle, async (proxy) => {
        const sinceMs = nowMs();
        for (let times = 0; times < 10; times++) {
          proxy.cut();
          await battle.lasts(outageMs / 10);
        }
        return {sinceMs};
      }),
  },
  {
    name: 'replies to the leader dropped for a moment',
    prepare: (battle) =>
      behindProxy(battle, async (proxy) => {
        const sinceMs = nowMs();
        proxy.dropReplies(true);
        await battle.lasts(500);
        proxy.dropReplies(false);
        return {sinceMs};
      }),
  },
  {
    name: 'replies to the leader dropped past its Lease',
    async prepare(battle) {
      const staged = await behindProxy(battle, async (proxy) => {
        const endedEpoch = battle.observer.epoch;
        const sinceMs = nowMs();
        proxy.dropReplies(true);
        return {sinceMs, endedEpoch};
      });
      const after = async () => {
        await battle.until('the old leader to leave', exitMs, () => battle.operators[0]!.hasEnded);
      };
      return {...staged, after};
    },
  },
  {
    name: 'a Worker shrunk below its use',
    async prepare(battle) {
      await battle.addOperator();
      return {
        async strike() {
          const sinceMs = nowMs();
          await sendOrThrow(battle.field.transport, {
            method: 'PATCH',
            path: pathOf(workers, {name: 'w-0'}),
            contentType: 'application/merge-patch+json',
            body: {spec: {capacity: {cpu: '100m', memory: '64Mi', containers: 1}}},
          });
          return {sinceMs};
        },
      };
    },
  },
];
