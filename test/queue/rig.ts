import type {RequestKey, RequestRecord} from '../../src/api/records.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import type {Verdict} from '../../src/placement/plan.ts';
import {RequestQueue} from '../../src/queue/requestQueue.ts';
import {makeRequest} from '../status/makeRecords.ts';

export interface RigOptions {
  readonly maxRequests?: number;
  /** What the random source gives: 1 is the longest backoff. */
  readonly random?: number;
}

export function createQueue({maxRequests = 500_000, random = 1}: RigOptions = {}) {
  const clock = new VirtualClock();
  const refused: string[] = [];
  const queue = new RequestQueue({
    clock,
    random: {next: () => random},
    limits: {maxRequests, backoffBaseMs: 50, backoffMaxMs: 30_000},
    onRefused: ({name}) => refused.push(name),
  });
  return {clock, queue, refused};
}

export function verdict(message = '0/3 workers fit'): Verdict {
  return {workerCount: 3, counts: [], message};
}

export const keyOf = (name: string) => `default/${name}` as RequestKey;
export const namesOf = (records: readonly RequestRecord[]) => records.map(({name}) => name);

/** Takes up to `max` and parks those of `classKey` among them. */
export function parkAll(queue: RequestQueue, classKey: string, message?: string, max = 512): void {
  const unplaced = queue.take(max).filter((record) => record.classKey === classKey);
  queue.park(classKey, verdict(message), unplaced);
}

export {makeRequest};
