import {Draw, streamOf} from './draw.ts';
import {drawFaults} from './drawFaults.ts';
import type {Fault} from './fault.ts';
import type {ConfigChanges} from './replica.ts';

/** What a run is made of at most; its seed draws the rest. */
export interface Size {
  readonly workers: number;
  readonly requests: number;
  readonly faults: number;
}

export type LedgerKind = 'kubernetes' | 'memory' | 'redis';

export interface DrawnWorker {
  readonly name: string;
  readonly spec: object;
  readonly labels: Readonly<Record<string, string>>;
}

export interface DrawnRequest {
  readonly name: string;
  readonly spec: object;
  /** From its acknowledgement; undefined: it runs until somebody deletes it. */
  readonly lifeMs: number | undefined;
  readonly succeeds: boolean;
}

export interface Burst {
  readonly atMs: number;
  readonly requests: readonly DrawnRequest[];
}

/** Everything that a seed decides before the run begins. */
export interface Plan {
  readonly replicas: number;
  readonly ledger: LedgerKind;
  readonly workers: readonly DrawnWorker[];
  readonly bursts: readonly Burst[];
  readonly config: ConfigChanges;
  /** After this no burst and no fault begins. */
  readonly phaseMs: number;
  readonly faults: readonly Fault[];
}

export const gpuTypes = ['A100', 'L4'] as const;
export const zones = ['a', 'b', 'c'] as const;

/** @param ledger undefined: the seed decides between those that need no server */
export function drawPlan(seed: number, size: Size, ledger?: LedgerKind): Plan {
  const draw = new Draw(streamOf(seed, 'world'));
  const replicas = draw.int(2, 3);
  const drawnLedger = draw.of(['kubernetes', 'memory'] as const);
  const kind = ledger ?? drawnLedger;
  const workers = Array.from(
    {length: draw.int(Math.min(3, size.workers), size.workers)},
    (_, index) => drawWorker(draw, `w-${String(index).padStart(3, '0')}`),
  );
  const perSecond = draw.magnitude(20, 400);
  const leastMs = draw.magnitude(15_000, 120_000);
  const phaseMs = Math.max(leastMs, Math.ceil((size.requests / perSecond) * 1_000));
  const bursts = drawBursts(new Draw(streamOf(seed, 'requests')), {
    requests: size.requests,
    phaseMs,
    meanLifeMs: Math.min(20_000, (workers.length * 7_000) / (size.requests / (phaseMs / 1_000))),
  });
  const faults = drawFaults(new Draw(streamOf(seed, 'faults')), {
    phaseMs,
    requests: size.requests,
    workers: workers.length,
    replicas,
    isLedgerOutside: kind !== 'kubernetes',
    max: size.faults,
  });
  const config = drawConfig(new Draw(streamOf(seed, 'config')));
  return {replicas, ledger: kind, config, workers, bursts, phaseMs, faults};
}

/** Half of the runs have limits so low that they are met. */
function drawConfig(draw: Draw): ConfigChanges {
  if (draw.chance(0.5)) return {};
  const maxRequests = draw.magnitude(2, 64);
  const maxInFlight = maxRequests * draw.int(1, 3);
  return {
    batch: {maxRequests},
    ledger: {maxInFlight},
    status: {connections: draw.int(1, 8), maxAhead: draw.int(1, 64)},
  };
}

export function drawWorker(draw: Draw, name: string): DrawnWorker {
  const hasGpus = draw.chance(0.3);
  const gpu = {type: draw.of(gpuTypes), count: draw.of([1, 2, 4, 8])};
  const capacity = {
    cpu: draw.of(['4', '8', '16']),
    memory: draw.of(['16Gi', '32Gi', '64Gi']),
    containers: draw.chance(0.2) ? 8 : 250,
    ...(hasGpus && {gpu}),
  };
  const isTainted = draw.chance(0.1);
  return {
    name,
    spec: {
      capacity,
      poolName: hasGpus ? 'gpu' : 'default',
      ...(isTainted && {taints: [{key: 'spot', effect: 'NoSchedule'}]}),
    },
    labels: {zone: draw.of(zones)},
  };
}

interface BurstSize {
  readonly requests: number;
  readonly phaseMs: number;
  readonly meanLifeMs: number;
}

function drawBursts(draw: Draw, {requests, phaseMs, meanLifeMs}: BurstSize): readonly Burst[] {
  const shapes = Array.from({length: draw.int(3, 12)}, () => drawShape(draw));
  const bursts: Burst[] = [];
  for (let next = 0; next < requests; ) {
    const count = Math.min(requests - next, draw.magnitude(1, Math.max(2, requests / 10)));
    const first = next;
    bursts.push({
      atMs: draw.int(0, phaseMs),
      requests: Array.from({length: count}, (_, index) => ({
        name: `r-${first + index}`,
        spec: draw.of(shapes),
        lifeMs: draw.chance(0.1) ? undefined : draw.magnitude(100, Math.max(200, 2 * meanLifeMs)),
        succeeds: draw.chance(0.9),
      })),
    });
    next += count;
  }
  return bursts;
}

/** One class of requests; about one in twenty fits nowhere. */
function drawShape(draw: Draw): object {
  const isHopeless = draw.chance(0.05);
  const gpu = draw.chance(0.2) && drawGpu(draw);
  return {
    container: {image: `app-${draw.int(0, 5)}`},
    resources: {
      cpu: isHopeless ? '64' : draw.of(['50m', '100m', '250m', '1', '2']),
      memory: draw.of(['64Mi', '128Mi', '1Gi', '4Gi']),
      ...(gpu && {gpu}),
    },
    ...(draw.chance(0.3) && {priority: draw.of([10, 500, 1000])}),
    ...(draw.chance(0.1) && {workerSelector: {matchLabels: {zone: draw.of(zones)}}}),
    ...(draw.chance(0.2) && {tolerations: [{key: 'spot', operator: 'Exists'}]}),
    ...(draw.chance(0.1) && {poolName: draw.of(['default', 'gpu'])}),
    ...(draw.chance(0.1) && {placementTimeoutSeconds: draw.int(5, 60)}),
    ...(draw.chance(0.1) && {activeDeadlineSeconds: draw.int(2, 30)}),
    ...(draw.chance(0.8) && {ttlSecondsAfterFinished: draw.int(0, 10)}),
    retryLimit: draw.int(0, 5),
  };
}

function drawGpu(draw: Draw): object {
  if (draw.chance(0.5)) return {count: 1, shareMillis: draw.of([100, 250, 500, 1000])};
  return {count: draw.of([1, 2, 4]), ...(draw.chance(0.5) && {types: [draw.of(gpuTypes)]})};
}
