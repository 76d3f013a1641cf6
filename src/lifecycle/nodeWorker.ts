import type {NodeSource} from '../api/parsePool.ts';
import {formatCpu, formatMemory} from '../api/quantity.ts';
import type {WorkerRecord} from '../api/records.ts';
import type {NodeRecord} from './parseNode.ts';

/**
 * Label of every Worker that was made from a Node: the pool that it was made for. No other is
 * touched.
 */
export const nodePoolLabel = 'berth.dev/node-pool';

/** A pool that makes Workers of Nodes. */
export interface NodePool {
  readonly name: string;
  readonly nodes: NodeSource;
}

/** What the Worker of a Node is to be. */
export type NodeWorker = Pick<
  WorkerRecord,
  'poolName' | 'nodeName' | 'labels' | 'taints' | 'unschedulable' | 'capacity'
>;

const gpuProductLabel = 'nvidia.com/gpu.product';
/** Where the Node does not say which GPUs it has. */
const unnamedGpuType = 'nvidia';
/** As many as the API of a Worker takes. */
const maxGpus = 16;
const maxTaints = 32;
/** A Node that feature discovery has labelled has about 100. */
const maxLabels = 128;
/**
 * The kubelet counts the Pods of DaemonSets too: as many are left to them, or a tenth of a small
 * Node.
 */
const podsLeftToOthers = 10;

/**
 * The pool that makes a Worker of the Node: the first one in the order of names that selects it.
 */
export function poolOf(node: NodeRecord, pools: readonly NodePool[]): NodePool | undefined {
  return pools.find(({nodes}) =>
    Object.entries(nodes.selector).every(([key, value]) => node.labels[key] === value),
  );
}

/** The Worker of a Node in a pool; undefined when what the pool reserves leaves nothing of it. */
export function workerOfNode(node: NodeRecord, {name, nodes}: NodePool): NodeWorker | undefined {
  const cpuMillis = node.allocatable.cpuMillis - nodes.reservedCpuMillis;
  const memoryBytes = node.allocatable.memoryBytes - nodes.reservedMemoryBytes;
  const containers = podsOf(node);
  if (cpuMillis <= 0 || memoryBytes <= 0 || containers <= 0) return undefined;
  const gpuCount = Math.min(maxGpus, node.allocatable.gpuCount);
  const gpuType = gpuCount === 0 ? '' : node.labels[gpuProductLabel] || unnamedGpuType;
  return {
    poolName: name,
    nodeName: nodes.runtime === 'Pod' ? node.name : undefined,
    labels: {...labelsOf(node, nodes.selector), [nodePoolLabel]: name},
    taints: node.taints.slice(0, maxTaints),
    // A taint that is left out would let in what it is to keep away.
    unschedulable: node.unschedulable || node.taints.length > maxTaints,
    capacity: {cpuMillis, memoryBytes, gpuCount, gpuType, containers},
  };
}

/** The fields of a NodeWorker as an object of the API has them. */
export function specOf({poolName, nodeName, taints, unschedulable, capacity}: NodeWorker) {
  const {cpuMillis, memoryBytes, gpuCount, gpuType, containers} = capacity;
  return {
    poolName,
    ...(nodeName === undefined ? {} : {nodeName}),
    capacity: {
      cpu: formatCpu(cpuMillis),
      memory: formatMemory(memoryBytes),
      ...(gpuCount === 0 ? {} : {gpu: {type: gpuType, count: gpuCount}}),
      containers,
    },
    taints,
    unschedulable,
  };
}

function podsOf({allocatable: {pods}}: NodeRecord): number {
  return pods - Math.min(podsLeftToOthers, Math.floor(pods / 10));
}

/** Those that the pool selects by come first: they must not be what is left out. */
function labelsOf({labels}: NodeRecord, selector: NodeSource['selector']) {
  const keys = Object.keys(labels).sort();
  const [first, rest] = [
    keys.filter((key) => key in selector),
    keys.filter((key) => !(key in selector)),
  ];
  return Object.fromEntries(
    [...first, ...rest].slice(0, maxLabels).map((key) => [key, labels[key]!]),
  );
}
