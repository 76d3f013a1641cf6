import type {Taint} from '../api/constraints.ts';
import {amountOr0, parseCpuMillis, parseMemoryBytes} from '../api/quantity.ts';

/** A Kubernetes node as far as a Worker can be made of it. */
export interface NodeRecord {
  readonly name: string;
  /** Its kubelet said so, and has not been silent for too long in the eyes of the control plane. */
  readonly ready: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Cordoned, or being deleted. */
  readonly unschedulable: boolean;
  /** What Pods may use of it; 0 where it does not say. */
  readonly allocatable: {
    readonly cpuMillis: number;
    readonly memoryBytes: number;
    readonly gpuCount: number;
    readonly pods: number;
  };
}

interface RawNode {
  readonly metadata: {
    readonly name: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly {
      readonly key: string;
      readonly value?: string;
      readonly effect: Taint['effect'];
    }[];
  };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly {readonly type: string; readonly status: string}[];
  };
}

/** Parses a Node. The API server has validated its shape: it is core/v1. */
export function parseNode(object: unknown): NodeRecord {
  const {metadata, spec = {}, status = {}} = object as RawNode;
  const {allocatable = {}, conditions = []} = status;
  return {
    name: metadata.name,
    ready: conditions.some(({type, status: is}) => type === 'Ready' && is === 'True'),
    labels: metadata.labels ?? {},
    // Without timeAdded, and an empty value like none: that is how a Worker has them.
    taints: (spec.taints ?? []).map(({key, value, effect}) =>
      value ? {key, value, effect} : {key, effect},
    ),
    unschedulable: spec.unschedulable === true || metadata.deletionTimestamp !== undefined,
    allocatable: {
      cpuMillis: amountOr0(parseCpuMillis(allocatable['cpu'])),
      memoryBytes: amountOr0(parseMemoryBytes(allocatable['memory'])),
      gpuCount: countOr0(allocatable['nvidia.com/gpu']),
      pods: countOr0(allocatable['pods']),
    },
  };
}

/** Extended resources are whole numbers, written plainly or with a suffix. */
function countOr0(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Math.floor(amountOr0(parseCpuMillis(quantity)) / 1000);
}
