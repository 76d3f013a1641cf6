import {expect} from 'vitest';
import type {Allocation} from '../../src/api/resources.ts';
import type {CommitInput, CommitResult, Ledger, Reject} from '../../src/ledger/ledger.ts';
import {byUid, makeCommit} from './allocations.ts';

/** An empty store, and two operators at it. */
export interface LedgerFixture {
  readonly first: Ledger;
  readonly second: Ledger;
  /** Calls that reached the store so far, counted outside the ledger; undefined: has no outside. */
  countCalls(): Promise<number | undefined>;
  close(): Promise<void>;
}

export const signal = new AbortController().signal;

export function committed(...rejects: (Reject | undefined)[]): CommitResult {
  return {kind: 'committed', rejects};
}

/** What the rules of the conformance suite do to the ledger of the present test. */
export interface LedgerSubject {
  first(): Ledger;
  second(): Ledger;
  /** Opens and settles the first operator's. */
  settled(epoch?: number, allocations?: readonly Allocation[]): Promise<void>;
  commit(input: Partial<CommitInput>, by?: Ledger): Promise<CommitResult>;
  assign(...assignments: Allocation[]): Promise<CommitResult>;
  /** Reads through the front door: what a new leader would be told. */
  held(): Promise<readonly Allocation[]>;
  countCalls(): Promise<number | undefined>;
}

/** @param fixture the one of the present test */
export function makeSubject(fixture: () => LedgerFixture): LedgerSubject {
  const subject: LedgerSubject = {
    first: () => fixture().first,
    second: () => fixture().second,
    async settled(epoch = 1, allocations = []) {
      expect(await subject.first().open(epoch, signal)).toMatchObject({kind: 'opened'});
      expect(await subject.first().settle(epoch, allocations, signal)).toEqual(committed());
    },
    commit: (input, by = subject.first()) => by.commit(makeCommit(input), signal),
    assign: (...assignments) => subject.commit({assignments}),
    async held() {
      const opened = await subject.second().open(99, signal);
      if (opened.kind !== 'opened') throw new Error(`Cannot read the ledger: ${opened.kind}`);
      return byUid(opened.allocations);
    },
    countCalls: () => fixture().countCalls(),
  };
  return subject;
}
