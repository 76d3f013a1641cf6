import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {makeAllocation, makeCapacity} from './allocations.ts';
import {refusesWhatDoesNotFit, takesCapacity} from './capacityRules.ts';
import {committed, type LedgerFixture, type LedgerSubject, makeSubject} from './ledgerSubject.ts';
import {checkAgainstModel} from './model.ts';
import {knowsOneEpoch, releases, settles} from './stateRules.ts';

export interface ConformanceOptions {
  readonly makeFixture: () => Promise<LedgerFixture>;
  /** Runs of the model test. */
  readonly modelRuns: number;
}

/** What every ledger must do; run over each implementation. */
export function describeLedger(name: string, options: ConformanceOptions): void {
  describe(`the ${name} ledger`, () => {
    let fixture: LedgerFixture;

    beforeEach(async () => {
      fixture = await options.makeFixture();
    });
    afterEach(() => fixture.close());

    const subject = makeSubject(() => fixture);
    takesCapacity(subject);
    refusesWhatDoesNotFit(subject);
    releases(subject);
    settles(subject);
    knowsOneEpoch(subject);
    costsOneCall(subject);

    it('agrees with the sum over allocations, whatever two operators do', async () => {
      await checkAgainstModel(options.makeFixture, options.modelRuns);
    }, 60_000);
  });
}

/** Whatever its size or the number of workers. */
function costsOneCall(subject: LedgerSubject): void {
  const {settled, commit} = subject;
  it.each([1, 100, 512])('costs one call for a batch of %i', async (size) => {
    await settled();
    const assignments = Array.from({length: size}, (_, index) =>
      makeAllocation(`u-${index}`, {workerName: `w-${index % 100}`}),
    );
    const capacities = new Map(
      Array.from({length: 100}, (_, index) => [`w-${index}`, makeCapacity({cpuMillis: 64_000})]),
    );
    await commit({assignments: [makeAllocation('old')]});
    const before = await subject.countCalls();
    const accepted = committed(...assignments.map(() => undefined));
    expect(await commit({cycle: 2, releases: ['old', 'gone'], assignments, capacities})).toEqual(
      accepted,
    );
    const after = await subject.countCalls();
    if (before !== undefined && after !== undefined) expect(after - before).toBe(1);
  });
}
