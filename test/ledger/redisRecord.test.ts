import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {formatRecord, parseRecord, parseSum} from '../../src/ledger/redisRecord.ts';
import {makeAllocation} from './allocations.ts';

describe('a record in Redis', () => {
  it('comes back as it was', () => {
    const amount = fc.integer({min: 0, max: Number.MAX_SAFE_INTEGER});
    fc.assert(
      fc.property(
        fc.record({
          cpuMillis: amount,
          memoryBytes: amount,
          gpuMillis: fc.integer({min: 0, max: 1000}),
          gpuDevices: fc.uniqueArray(fc.integer({min: 0, max: 15})),
          workerName: fc.stringMatching(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/),
          request: fc.stringMatching(/^[a-z0-9-]+\/[a-z0-9.-]+$/),
        }),
        (overrides) => {
          const allocation = makeAllocation('a', overrides);
          expect(parseRecord('a', formatRecord(allocation))).toEqual(allocation);
        },
      ),
    );
  });

  it.each(['', 'w-1', 'w-1|1|1|0|', 'w-1|x|1|0||default/a', '|1|1|0||default/a'])(
    'that reads "%s" is named in the error',
    (record) => {
      expect(() => parseRecord('uid-7', record)).toThrow(/Cannot read the allocation of uid-7/);
    },
  );

  it('names the worker of a sum that cannot be read', () => {
    expect(() => parseSum('w-1', '1|2')).toThrow(/Cannot read the sum of worker w-1/);
  });
});
