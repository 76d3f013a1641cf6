import type {z} from 'zod';
import type {Taint} from './constraints.ts';
import {firstProblem, problemAt} from './problem.ts';
import {amountOr0, parseCpuMillis, parseMemoryBytes} from './quantity.ts';
import {asObject, asText, type RawObject} from './rawObject.ts';
import type {Problem, WorkerRecord} from './records.ts';
import type {Capacity} from './resources.ts';
import {workerSpecSchema} from './workerSchema.ts';

export type ParsedWorker =
  | {readonly kind: 'valid'; readonly worker: WorkerRecord}
  | {
      readonly kind: 'invalid';
      readonly name: string;
      readonly problem: Problem;
      /** It is there, with what runs on it, and takes nothing. */
      readonly worker: WorkerRecord;
    };

/** The part of a Worker's status that Berth writes. */
export interface WorkerSums {
  readonly allocated?: unknown;
  readonly free?: unknown;
  readonly containers?: unknown;
}

type Spec = z.output<typeof workerSpecSchema>;

/** Parses a Worker once, at the border, into integers with every default in place. Never throws. */
export function parseWorker(object: unknown): ParsedWorker {
  const root = asObject(object);
  const metadata = asObject(root.metadata);
  const name = asText(metadata.name);
  const status = asObject(root.status);
  const common = {
    name,
    uid: asText(metadata.uid),
    resourceVersion: asText(metadata.resourceVersion),
    labels: labelsOf(metadata.labels),
    ready: isReady(status),
    deleting: typeof metadata.deletionTimestamp === 'string',
    shown: shownText(status),
  };
  const parsed = workerSpecSchema.safeParse(root.spec);
  if (name === '' || !parsed.success) {
    const problem = parsed.success
      ? problemAt('metadata.name', metadata.name, 'a text that is not empty')
      : firstProblem(parsed.error, root.spec, 'spec');
    return {kind: 'invalid', name, problem, worker: {...common, ...takingNothing(root.spec)}};
  }
  const spec = parsed.data;
  return {
    kind: 'valid',
    worker: {
      ...common,
      poolName: spec.poolName,
      nodeName: spec.nodeName,
      taints: (spec.taints ?? []).map(taintOf),
      unschedulable: spec.unschedulable,
      capacity: capacityOf(spec.capacity),
    },
  };
}

/** Without it, all that runs on the worker would count as lost. */
function takingNothing(spec: unknown) {
  const {poolName, nodeName} = asObject(spec);
  return {
    poolName: asText(poolName) || 'default',
    nodeName: asText(nodeName) || undefined,
    taints: [],
    unschedulable: true,
    capacity: {cpuMillis: 0, memoryBytes: 0, gpuCount: 0, gpuType: '', containers: 0},
  };
}

/** Text of the sums in a Worker's status; equal texts are equal sums. */
export function shownText(status: WorkerSums): string {
  const {allocated, free, containers} = status;
  const sum = (value: unknown) => {
    const {cpu, memory, gpuMillis} = asObject(value);
    return [cpu, memory, gpuMillis];
  };
  return JSON.stringify([sum(allocated), sum(free), containers]);
}

/** The schema has refused what is no quantity; should it ever not, such a worker takes nothing. */
function capacityOf({cpu, memory, gpu, containers}: Spec['capacity']): Capacity {
  return {
    cpuMillis: amountOr0(parseCpuMillis(cpu)),
    memoryBytes: amountOr0(parseMemoryBytes(memory)),
    gpuCount: gpu ? gpu.count : 0,
    gpuType: gpu ? gpu.type : '',
    containers,
  };
}

function taintOf({key, value, effect}: NonNullable<Spec['taints']>[number]): Taint {
  return value === undefined ? {key, effect} : {key, value, effect};
}

/** Labels are checked by the API server; what is no text is left out. */
function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const labels = Object.entries(asObject(value));
  return Object.fromEntries(labels.filter((label): label is [string, string] => isText(label[1])));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** A worker that says nothing about it is ready. */
function isReady(status: RawObject): boolean {
  if (!Array.isArray(status.conditions)) return true;
  const ready = status.conditions.map(asObject).find((condition) => condition.type === 'Ready');
  return ready === undefined || ready.status === 'True';
}
