import {errorOf} from '../lib/errorOf.ts';
import {Holdings} from './holdings.ts';
import type {AuditResult, SumDifference, WorkerSum} from './ledger.ts';
import type {RedisConnection} from './redisConnection.ts';
import {readHash} from './redisHash.ts';
import {parseRecord, parseSum, type StoredSum} from './redisRecord.ts';

interface Keys {
  readonly allocations: string;
  readonly sums: string;
}

/**
 * Compares every worker's sum with its allocations while commits go on. A sum carries the revision
 * that last changed it: where it is the same before and after the allocations were read, these
 * stood still too. A difference counts when two passes agree on it: an unsummed worker carries no
 * revision, so that one pass could see it half way.
 */
export async function auditSums(
  connection: RedisConnection,
  keys: Keys,
  signal: AbortSignal,
): Promise<AuditResult> {
  const first = await pass(connection, keys, signal);
  if (first.kind !== 'audited' || first.differences.length === 0) return first;
  const second = await pass(connection, keys, signal);
  if (second.kind !== 'audited') return second;
  const before = new Set(first.differences.map((difference) => JSON.stringify(difference)));
  const differences = second.differences.filter((found) => before.has(JSON.stringify(found)));
  return {kind: 'audited', differences};
}

async function pass(
  connection: RedisConnection,
  keys: Keys,
  signal: AbortSignal,
): Promise<AuditResult> {
  const before = await readHash(connection, keys.sums, signal);
  if ('kind' in before) return before;
  const records = await readHash(connection, keys.allocations, signal);
  if ('kind' in records) return records;
  const after = await readHash(connection, keys.sums, signal);
  if ('kind' in after) return after;
  try {
    return {kind: 'audited', differences: compare(before, records, after)};
  } catch (error) {
    return {kind: 'unavailable', cause: errorOf(error)};
  }
}

function compare(
  before: ReadonlyMap<string, string>,
  records: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): SumDifference[] {
  const holdings = new Holdings([...records].map(([uid, record]) => parseRecord(uid, record)));
  const differences: SumDifference[] = [];
  for (const workerName of new Set([...after.keys(), ...holdings.workerNames()])) {
    const text = after.get(workerName);
    if (text !== before.get(workerName)) continue;
    const stored = text === undefined ? undefined : withoutRevision(parseSum(workerName, text));
    const summed = holdings.sumOf(workerName);
    if (!isSameSum(stored, summed)) differences.push({workerName, stored, summed});
  }
  return differences;
}

function withoutRevision({cpuMillis, memoryBytes, containers, gpuMillis}: StoredSum): WorkerSum {
  return {cpuMillis, memoryBytes, containers, gpuMillis};
}

function isSameSum(left: WorkerSum | undefined, right: WorkerSum | undefined): boolean {
  if (!left || !right) return left === right;
  const devices = Math.max(left.gpuMillis.length, right.gpuMillis.length);
  return (
    left.cpuMillis === right.cpuMillis &&
    left.memoryBytes === right.memoryBytes &&
    left.containers === right.containers &&
    Array.from({length: devices}).every(
      (_, device) => (left.gpuMillis[device] ?? 0) === (right.gpuMillis[device] ?? 0),
    )
  );
}
