import type {Condition} from '../../src/api/conditions.ts';
import type {InvalidRequest, RequestKey, RequestRecord} from '../../src/api/records.ts';
import {hashString} from '../../src/lib/hash.ts';

/** A waiting request of 100 milli-CPUs and 128 MiB, created at 0. */
export function makeRequest(
  overrides: Partial<RequestRecord> & {name?: string} = {},
): RequestRecord {
  const name = overrides.name ?? 'r-1';
  const namespace = overrides.namespace ?? 'default';
  return {
    kind: 'valid',
    key: `${namespace}/${name}` as RequestKey,
    namespace,
    name,
    uid: `uid-${name}`,
    resourceVersion: '10',
    generation: 1,
    createdMs: 0,
    deleting: false,
    suspended: false,
    phase: 'Pending',
    demand: {cpuMillis: 100, memoryBytes: 2 ** 27, gpuCount: 0, gpuMillis: 0, gpuTypes: []},
    constraints: {tolerations: []},
    classKey: 'small',
    affinityKey: 'image',
    affinityHash: hashString('image') | 0,
    affinityExplicit: false,
    priority: 0,
    placementTimeoutSeconds: undefined,
    activeDeadlineSeconds: undefined,
    ttlSecondsAfterFinished: undefined,
    retryLimit: 3,
    attempts: 0,
    startedMs: undefined,
    placement: undefined,
    conditions: [],
    ...overrides,
  };
}

export function makeInvalid(overrides: Partial<InvalidRequest> = {}): InvalidRequest {
  return {
    kind: 'invalid',
    key: 'default/r-1' as RequestKey,
    namespace: 'default',
    name: 'r-1',
    uid: 'uid-r-1',
    resourceVersion: '10',
    generation: 1,
    phase: 'Pending',
    problem: {field: 'spec.resources.cpu', found: '"lots"', wanted: 'a quantity'},
    placement: undefined,
    demand: undefined,
    conditions: [],
    ...overrides,
  };
}

export function makeCondition(overrides: Partial<Condition> & {type: string}): Condition {
  return {
    status: 'False',
    observedGeneration: 1,
    lastTransitionTime: '2025-12-31T00:00:00Z',
    reason: 'Unplaceable',
    message: 'no',
    ...overrides,
  };
}
