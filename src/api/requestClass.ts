import type {z} from 'zod';
import type {Constraints, LabelSelector, SelectorRequirement, Toleration} from './constraints.ts';
import type {containerRequestSpecSchema} from './containerRequestSchema.ts';
import {resourcesSchema} from './placementSchema.ts';
import {MAX_CPU_MILLIS, MAX_MEMORY_BYTES, parseCpuMillis, parseMemoryBytes} from './quantity.ts';
import type {Demand} from './resources.ts';

type Spec = z.output<typeof containerRequestSpecSchema>;

/** What equal requests share: one key, one demand, one set of constraints. */
export interface RequestClass {
  readonly classKey: string;
  readonly demand: Demand;
  readonly constraints: Constraints;
}

/**
 * Classes kept for sharing. Beyond it all are forgotten at once: later requests get equal objects
 * instead of the same ones, which costs memory and nothing else.
 */
const MAX_CLASSES = 16_384;
const classes = new Map<string, RequestClass>();

const UNCONSTRAINED: Constraints = Object.freeze({tolerations: Object.freeze([])});

/**
 * The class of a spec that passed the schema. Hundreds of thousands of requests hold their class,
 * so that equal ones get the same objects and the same key. The key does not depend on the order of
 * labels, requirements, their values and tolerations; that of GPU types counts, as they are ordered
 * by preference.
 */
export function classOf(spec: Spec): RequestClass {
  const demand = demandOf(spec.resources);
  const constraints = constraintsOf(spec);
  const classKey = keyOf(demand, constraints);
  const known = classes.get(classKey);
  if (known) return known;
  const created = {classKey, demand, constraints};
  if (classes.size >= MAX_CLASSES) classes.clear();
  classes.set(classKey, created);
  return created;
}

function keyOf(demand: Demand, constraints: Constraints): string {
  let key = `${demand.cpuMillis}m ${demand.memoryBytes}B`;
  if (demand.gpuCount > 0) key += ` ${demand.gpuCount}x${demand.gpuMillis}`;
  if (demand.gpuTypes.length > 0) key += JSON.stringify(demand.gpuTypes);
  return constraints === UNCONSTRAINED ? key : `${key} ${JSON.stringify(constraints)}`;
}

/** The demand of a spec that did not pass the schema, where that part of it did. */
export function readDemand(spec: unknown): Demand | undefined {
  if (typeof spec !== 'object' || spec === null) return undefined;
  const {resources = {}} = spec as {readonly resources?: unknown};
  const parsed = resourcesSchema.safeParse(resources);
  return parsed.success ? demandOf(parsed.data) : undefined;
}

function demandOf(resources: Spec['resources']): Demand {
  const {cpu, memory, gpu} = resources;
  return {
    cpuMillis: checked(parseCpuMillis(cpu), MAX_CPU_MILLIS),
    memoryBytes: checked(parseMemoryBytes(memory), MAX_MEMORY_BYTES),
    gpuCount: gpu ? gpu.count : 0,
    gpuMillis: gpu ? (gpu.shareMillis ?? 1000) : 0,
    gpuTypes: gpu?.types ? [...new Set(gpu.types)] : NO_TYPES,
  };
}

const NO_TYPES: readonly string[] = Object.freeze([]);

/** The schema has refused what is no quantity; should it ever not, the largest one fits nowhere. */
function checked(amount: ReturnType<typeof parseCpuMillis>, max: number): number {
  return typeof amount === 'number' ? amount : max;
}

function constraintsOf(spec: Spec): Constraints {
  const {poolName, workerName, tolerations = []} = spec;
  const selector = selectorOf(spec.workerSelector);
  if (!poolName && !workerName && !selector && tolerations.length === 0) return UNCONSTRAINED;
  return {
    ...(poolName !== undefined && {poolName}),
    ...(workerName !== undefined && {workerName}),
    ...(selector && {selector}),
    tolerations: sortedByText(tolerations.map(tolerationOf)),
  };
}

/** A selector without any requirement selects every worker: it is left out. */
function selectorOf(selector: Spec['workerSelector']): LabelSelector | undefined {
  const labels = Object.entries(selector?.matchLabels ?? {});
  const expressions = selector?.matchExpressions ?? [];
  if (labels.length === 0 && expressions.length === 0) return undefined;
  labels.sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    ...(labels.length > 0 && {matchLabels: Object.fromEntries(labels)}),
    ...(expressions.length > 0 && {matchExpressions: sortedByText(expressions.map(requirementOf))}),
  };
}

function requirementOf({
  key,
  operator,
  values = [],
}: {
  key: string;
  operator: SelectorRequirement['operator'];
  values?: readonly string[] | undefined;
}): SelectorRequirement {
  return {key, operator, ...(values.length > 0 && {values: [...new Set(values)].sort()})};
}

function tolerationOf(toleration: NonNullable<Spec['tolerations']>[number]): Toleration {
  const {key, operator, value, effect, tolerationSeconds} = toleration;
  return {
    ...(key !== undefined && {key}),
    ...(operator !== undefined && {operator}),
    ...(value !== undefined && {value}),
    ...(effect !== undefined && {effect}),
    ...(tolerationSeconds !== undefined && {tolerationSeconds}),
  };
}

function sortedByText<Item>(items: readonly Item[]): readonly Item[] {
  if (items.length < 2) return items;
  return items
    .map((item) => ({item, text: JSON.stringify(item)}))
    .sort((left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0))
    .map(({item}) => item);
}
