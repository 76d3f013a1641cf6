import type {z} from 'zod';
import {hashString} from '../lib/hash.ts';
import type {Condition} from './conditions.ts';
import {containerRequestSpecSchema} from './containerRequestSchema.ts';
import {firstProblem, problemAt} from './problem.ts';
import {asCount, asObject, asText, asTimeMs, type RawObject} from './rawObject.ts';
import type {
  FinishedRequest,
  Identity,
  ParsedRequest,
  Phase,
  Placement,
  Problem,
  RequestKey,
  RequestRecord,
} from './records.ts';
import {classOf, readDemand} from './requestClass.ts';

const NO_CONDITIONS: readonly Condition[] = Object.freeze([]);
const NO_DEVICES: readonly number[] = Object.freeze([]);
/** GPUs of one worker, as the schema of Workers has it. */
const MAX_GPUS = 16;

/**
 * Parses a ContainerRequest once, at the border, into integers with every default in place. Never
 * throws: what cannot be used becomes kind `invalid` with the field, the value found and the value
 * wanted. A finished request is not looked at beyond its times, as it may be one of 100,000.
 */
export function parseRequest(object: unknown): ParsedRequest {
  const root = asObject(object);
  const metadata = asObject(root.metadata);
  const status = asObject(root.status);
  const identity = identityOf(metadata);
  const said = status.phase;
  if (said === 'Succeeded' || said === 'Failed') return finished(identity, said, root);

  const placement = placementOf(status);
  const phase = phaseOf(said, placement);
  const conditions = readConditions(status.conditions);
  const spec = specOf(root.spec);
  const problem =
    identityProblem(metadata) ??
    phaseProblem(said) ??
    ('problem' in spec ? spec.problem : undefined);
  if (problem || 'problem' in spec) {
    const found = problem ?? problemAt('spec', root.spec, 'a spec');
    const demand = readDemand(root.spec);
    return {...identity, kind: 'invalid', phase, problem: found, placement, demand, conditions};
  }
  return {
    ...identity,
    kind: 'valid',
    createdMs: asTimeMs(metadata.creationTimestamp) ?? 0,
    deleting: typeof metadata.deletionTimestamp === 'string',
    phase,
    attempts: asCount(status.attempts, 0),
    startedMs: asTimeMs(status.startTime),
    placement,
    conditions,
    ...spec.fields,
  };
}

type Spec = {readonly fields: ReturnType<typeof specFields>} | {readonly problem: Problem};

/**
 * Specs as texts, and what they say. A request is read again at each change of its status, and
 * bursts are of equal requests: most specs were read before. Beyond it all are forgotten at once.
 */
const MAX_SPECS = 1_024;
/** Longer ones are seldom equal, and would be kept for nothing. */
const MAX_SPEC_LENGTH = 4_096;
const specs = new Map<string, Spec>();

function specOf(raw: unknown): Spec {
  const text = textOf(raw);
  const known = text === undefined ? undefined : specs.get(text);
  if (known) return known;
  const parsed = containerRequestSpecSchema.safeParse(raw);
  const spec = parsed.success
    ? {fields: specFields(parsed.data)}
    : {problem: firstProblem(parsed.error, raw, 'spec')};
  if (text === undefined || text.length > MAX_SPEC_LENGTH) return spec;
  if (specs.size >= MAX_SPECS) specs.clear();
  specs.set(text, spec);
  return spec;
}

/** Undefined for what came by no wire, as nothing else can be said as JSON or not at all. */
function textOf(raw: unknown): string | undefined {
  try {
    return JSON.stringify(raw);
  } catch {
    return undefined;
  }
}

function specFields(spec: z.output<typeof containerRequestSpecSchema>) {
  const {classKey, demand, constraints} = classOf(spec);
  const affinityKey = spec.affinityKey ?? spec.container.image;
  return {
    suspended: spec.suspend,
    demand,
    constraints,
    classKey,
    affinityKey,
    affinityHash: hashString(affinityKey) | 0,
    affinityExplicit: spec.affinityKey !== undefined,
    priority: spec.priority,
    placementTimeoutSeconds: spec.placementTimeoutSeconds,
    activeDeadlineSeconds: spec.activeDeadlineSeconds,
    ttlSecondsAfterFinished: spec.ttlSecondsAfterFinished,
    retryLimit: spec.retryLimit,
  } satisfies Partial<RequestRecord>;
}

function identityOf(metadata: RawObject): Identity {
  const namespace = asText(metadata.namespace);
  const name = asText(metadata.name);
  return {
    key: `${namespace}/${name}` as RequestKey,
    namespace,
    name,
    uid: asText(metadata.uid),
    resourceVersion: asText(metadata.resourceVersion),
    generation: asCount(metadata.generation, 0),
  };
}

function identityProblem(metadata: RawObject): Problem | undefined {
  for (const field of ['name', 'namespace', 'uid']) {
    if (asText(metadata[field]) === '') {
      return problemAt(`metadata.${field}`, metadata[field], 'a text that is not empty');
    }
  }
  return undefined;
}

/** A request that says it runs, and on no worker, runs nowhere: it waits. */
function phaseOf(said: unknown, placement: Placement | undefined): Phase {
  return placement && (said === 'Scheduled' || said === 'Running') ? said : 'Pending';
}

function phaseProblem(said: unknown): Problem | undefined {
  return said === undefined || said === 'Pending' || said === 'Scheduled' || said === 'Running'
    ? undefined
    : problemAt('status.phase', said, 'Pending, Scheduled, Running, Succeeded or Failed');
}

function placementOf(status: RawObject): Placement | undefined {
  const workerName = asText(status.workerName);
  if (workerName === '') return undefined;
  const assignment = asObject(status.assignment);
  return {
    workerName,
    assignmentId: asText(assignment.id),
    epoch: asCount(assignment.epoch, 0),
    gpuDevices: devicesOf(assignment.gpuDevices),
  };
}

/** No worker has more than `MAX_GPUS`: what is no index of one of them is nobody's device. */
function devicesOf(value: unknown): readonly number[] {
  if (!Array.isArray(value) || value.length === 0) return NO_DEVICES;
  const devices = new Set(value.filter((device) => asCount(device, MAX_GPUS) < MAX_GPUS));
  return [...devices].sort((left, right) => left - right);
}

/** Those of a status that are conditions at all. Never throws. */
export function readConditions(value: unknown): readonly Condition[] {
  if (!Array.isArray(value) || value.length === 0) return NO_CONDITIONS;
  return value.every(isCondition) ? value : value.filter(isCondition);
}

function isCondition(value: unknown): value is Condition {
  const {type, status} = asObject(value);
  return typeof type === 'string' && typeof status === 'string';
}

function finished(
  identity: Identity,
  phase: FinishedRequest['phase'],
  root: RawObject,
): FinishedRequest {
  return {
    ...identity,
    kind: 'finished',
    phase,
    completedMs: asTimeMs(asObject(root.status).completionTime),
    ttlSecondsAfterFinished: asCount(asObject(root.spec).ttlSecondsAfterFinished, undefined),
  };
}
