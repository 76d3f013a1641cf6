import {MemoryLedger} from '../../src/ledger/memoryLedger.ts';
import {describeLedger} from './conformance.ts';

describeLedger('memory', {
  modelRuns: 300,
  async makeFixture() {
    const ledger = new MemoryLedger();
    return {
      first: ledger,
      second: ledger,
      countCalls: async () => undefined,
      close: () => ledger.close(),
    };
  },
});
