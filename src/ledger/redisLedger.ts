import type {Allocation} from '../api/resources.ts';
import {assert} from '../lib/assert.ts';
import type {Clock} from '../lib/clock.ts';
import {errorOf} from '../lib/errorOf.ts';
import {assertAssignments} from './holdings.ts';
import {
  type AuditResult,
  type CommitInput,
  type CommitResult,
  type Ledger,
  type OpenResult,
  Reject,
  type Unavailable,
} from './ledger.ts';
import {auditSums} from './redisAudit.ts';
import {RedisConnection} from './redisConnection.ts';
import type {RedisOptions} from './redisCredentials.ts';
import {readHash} from './redisHash.ts';
import {formatRecord, parseRecord} from './redisRecord.ts';
import {commitScript, openScript, ScriptCode, settleScript} from './redisScript.ts';

export interface RedisLedgerOptions {
  readonly redis: RedisOptions;
  /** Hash tag of all keys, which keeps one ledger in one slot of a Redis Cluster. */
  readonly name: string;
  readonly clock: Clock;
}

/** Records a settle step: a few milliseconds of Redis, during which nobody else is served. */
const settleStepRecords = 1000;

/**
 * The ledger in Redis: one script a batch. Redis is not trusted to remember: every answer carries a
 * revision, every question the last one known, so that a flush, a restart without data or a
 * failover that lost a second is noticed by the next commit (`lost`) and not committed upon.
 */
export class RedisLedger implements Ledger {
  readonly kind = 'redis';
  readonly #connection: RedisConnection;
  readonly #keys: {readonly head: string; readonly allocations: string; readonly sums: string};
  #settledEpoch = 0;
  /** Taken by this instance, or on its way: the only epoch that it may find there as its own. */
  #triedEpoch = 0;
  /** Of the operator that took the ledger from this one; 0 while nobody has. */
  #fencedBy = 0;
  #revision = 0;

  /** @throws TypeError when the URL is none */
  constructor({redis, name, clock}: RedisLedgerOptions) {
    this.#connection = new RedisConnection(redis, clock);
    const key = (part: string) => `${redis.keyPrefix}:{${name}}:${part}`;
    this.#keys = {head: key('head'), allocations: key('allocations'), sums: key('sums')};
  }

  async open(epoch: number, signal: AbortSignal): Promise<OpenResult> {
    this.#settledEpoch = 0;
    const outage = await this.#connection.connect(signal);
    if (outage) return outage;
    const refused = await this.#take(epoch, 1);
    if (refused) {
      assert(refused.kind !== 'lost', 'a ledger that is taken cannot be lost');
      return refused;
    }
    // Nobody else may write from here on, so that pages add up to one state.
    const fields = await readHash(this.#connection, this.#keys.allocations, signal);
    if ('kind' in fields) return fields;
    try {
      return {
        kind: 'opened',
        allocations: [...fields].map(([uid, record]) => parseRecord(uid, record)),
      };
    } catch (error) {
      return {kind: 'unavailable', cause: errorOf(error)};
    }
  }

  async settle(
    epoch: number,
    allocations: readonly Allocation[],
    signal: AbortSignal,
  ): Promise<CommitResult> {
    this.#settledEpoch = 0;
    const outage = await this.#connection.connect(signal);
    if (outage) return outage;
    const refused = await this.#take(epoch, 0);
    if (refused) return refused;
    const byUid = new Map(allocations.map((allocation) => [allocation.uid, allocation]));
    const records = [...byUid].flatMap(([uid, allocation]) => [uid, formatRecord(allocation)]);
    let first = 0;
    do {
      const step = {
        epoch,
        revision: this.#revision,
        first: first === 0 ? 1 : 0,
        records: records.slice(first, first + 2 * settleStepRecords),
      };
      const failed = this.#learn(
        await this.#connection.run(settleScript, this.#keysOf(settleScript), step),
      );
      if (failed) return failed;
      first += 2 * settleStepRecords;
    } while (first < records.length);
    this.#settledEpoch = epoch;
    return {kind: 'committed', rejects: []};
  }

  async commit(input: CommitInput, _signal: AbortSignal): Promise<CommitResult> {
    assertAssignments(input.assignments);
    if (input.epoch < this.#fencedBy) return {kind: 'fenced', currentEpoch: this.#fencedBy};
    if (input.epoch !== this.#settledEpoch) return {kind: 'lost'};
    const {epoch, cycle, releases, assignments, capacities} = input;
    const workerNames = new Set(assignments.map(({workerName}) => workerName));
    const reply = await this.#connection.run(commitScript, this.#keysOf(commitScript), {
      epoch,
      revision: this.#revision,
      cycle,
      releaseCount: releases.length,
      assignmentCount: assignments.length,
      releases,
      assignments: assignments.flatMap((assignment) => [assignment.uid, formatRecord(assignment)]),
      capacities: [...workerNames].flatMap((name) => {
        const capacity = capacities.get(name);
        if (!capacity) return [];
        const {cpuMillis, memoryBytes, containers, gpuCount} = capacity;
        return [name, cpuMillis, memoryBytes, containers, gpuCount];
      }),
    });
    const failed = this.#learn(reply);
    if (failed) {
      if (failed.kind === 'lost') this.#settledEpoch = 0;
      return failed;
    }
    assert(!('kind' in reply), 'an outage was returned above');
    return {kind: 'committed', rejects: reply.slice(1).map(toReject)};
  }

  /** Compares the sums with the allocations, page by page, beside commits that go on. */
  async audit(signal: AbortSignal): Promise<AuditResult> {
    const outage = await this.#connection.connect(signal);
    return outage ?? auditSums(this.#connection, this.#keys, signal);
  }

  async close(): Promise<void> {
    this.#settledEpoch = 0;
    this.#connection.close();
  }

  async #take(epoch: number, raise: 0 | 1): Promise<Refusal | undefined> {
    this.#revision = 0;
    const keys = this.#keysOf(openScript);
    const own = this.#triedEpoch === epoch ? 1 : 0;
    const refused = this.#learn(await this.#connection.run(openScript, keys, {epoch, raise, own}));
    // Without an answer it may have been taken all the same.
    if (refused?.kind !== 'fenced' && raise === 1) this.#triedEpoch = epoch;
    return refused;
  }

  /** Remembers the revision of a good answer; says what is wrong with any other. */
  #learn(reply: readonly number[] | Unavailable): Refusal | undefined {
    if ('kind' in reply) return reply;
    const [code = ScriptCode.Lost, detail = 0] = reply;
    if (code > 0) {
      this.#revision = code;
      return undefined;
    }
    if (code === ScriptCode.Fenced) {
      this.#fencedBy = detail;
      return {kind: 'fenced', currentEpoch: detail};
    }
    assert(code !== ScriptCode.Stale, `cycles grow: cycle ${detail} was committed before`);
    assert(code === ScriptCode.Lost, `script answers are known: ${code}`);
    return {kind: 'lost'};
  }

  #keysOf(contract: {readonly keys: readonly ('head' | 'allocations' | 'sums')[]}): string[] {
    return contract.keys.map((key) => this.#keys[key]);
  }
}

type Refusal =
  | {readonly kind: 'fenced'; readonly currentEpoch: number}
  | {readonly kind: 'lost'}
  | Unavailable;

function toReject(code: number): Reject | undefined {
  switch (code) {
    case ScriptCode.Accepted:
      return undefined;
    case ScriptCode.NoCapacity:
      return Reject.NoCapacity;
    case ScriptCode.AssignedElsewhere:
      return Reject.AssignedElsewhere;
    case ScriptCode.WorkerUnknown:
      return Reject.WorkerUnknown;
    default:
      throw new Error(`Cannot read a verdict as it must be a ScriptCode: current value is ${code}`);
  }
}
