import {crdOf} from '../../src/api/crd.ts';
import {crdSources} from '../../src/api/crdSources.ts';
import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import {KubernetesLedger} from '../../src/ledger/kubernetesLedger.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {describeLedger} from './conformance.ts';

describeLedger('kubernetes, on the embedded API server', {
  modelRuns: 100,
  async makeFixture() {
    let calls = 0;
    const server = new EmbeddedApiServer({clock: new VirtualClock(), onCall: () => calls++});
    for (const source of crdSources) server.applyCrd(crdOf(source));
    const transport = server.transport();
    const options = {transport, name: 'berth', bound: {boundOn: () => []}, maxInFlight: 4096};
    return {
      first: new KubernetesLedger(options),
      second: new KubernetesLedger(options),
      countCalls: async () => calls,
      close: () => transport.close(),
    };
  },
});
