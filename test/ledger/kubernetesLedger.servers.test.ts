import {beforeAll} from 'vitest';
import type {Transport} from '../../src/kube/transport.ts';
import {KubernetesLedger} from '../../src/ledger/kubernetesLedger.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {describeLedger} from './conformance.ts';
import {CountingTransport} from './countingTransport.ts';

describeWithServers('a real API server', ['api'], (servers) => {
  let transport: Transport;
  let names = 0;

  beforeAll(() => {
    transport = servers.transport();
  });

  describeLedger('kubernetes', {
    modelRuns: 10,
    async makeFixture() {
      const counting = new CountingTransport(transport);
      const options = {
        transport: counting,
        name: `ledger-${names++}`,
        bound: {boundOn: () => []},
        maxInFlight: 4096,
      };
      return {
        first: new KubernetesLedger(options),
        second: new KubernetesLedger(options),
        countCalls: async () => counting.calls,
        close: async () => {},
      };
    },
  });
});
