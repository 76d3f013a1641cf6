import fc from 'fast-check';
import {describe, it} from 'vitest';
import {crdOf} from '../../src/api/crd.ts';
import {crdSources} from '../../src/api/crdSources.ts';
import type {Allocation} from '../../src/api/resources.ts';
import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import {FaultyTransport} from '../../src/embedded/faultyTransport.ts';
import {KubernetesLedger} from '../../src/ledger/kubernetesLedger.ts';
import {MemoryLedger} from '../../src/ledger/memoryLedger.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {ledgerCommands, type Operators, type Truth} from './ledgerCommands.ts';

const nothingTrue = (): Truth => ({
  epoch: 0,
  epochs: [0, 0],
  committed: new Map(),
  bound: new Map(),
});

function inMemory(): Operators {
  const ledger = new MemoryLedger();
  return operatorsAt([ledger, ledger], new Map());
}

/** The Ledger object of an embedded API server; each operator has its own way to it. */
function onServer(): Operators {
  const clock = new VirtualClock();
  const server = new EmbeddedApiServer({clock});
  for (const source of crdSources) server.applyCrd(crdOf(source));
  const bound = new Map<string, Allocation>();
  const boundOn = (name: string) => [...bound.values()].filter((one) => one.workerName === name);
  const transport = new FaultyTransport({transport: server.transport(), clock});
  const options = {transport, name: 'berth', bound: {boundOn}, maxInFlight: 4096};
  const ledgers = [new KubernetesLedger(options), new KubernetesLedger(options)] as const;
  const loseReply = () => {
    transport.heal();
    const matches = ({method}: {method: string}) => method === 'PATCH';
    transport.inject({fault: {kind: 'lostReply'}, matches});
  };
  return {...operatorsAt(ledgers, bound), loseReply};
}

function operatorsAt(ledgers: Operators['ledgers'], bound: Operators['bound']): Operators {
  const [releases, confirmed] = [new Set<string>(), new Set<string>()];
  return {ledgers, bound, releases, confirmed, cycle: 0, loseReply: () => {}};
}

describe('whatever two operators do, with replies lost, binds and ends between their commits', () => {
  it.each([
    ['memory', inMemory, 400],
    ['kubernetes, on the embedded API server', onServer, 150],
  ] as const)(
    'the %s ledger says what is true',
    async (_, makeOperators, numRuns) => {
      await fc.assert(
        fc.asyncProperty(ledgerCommands, async (commands) => {
          const setup = () => ({model: nothingTrue(), real: makeOperators()});
          await fc.asyncModelRun(setup, commands);
        }),
        {numRuns},
      );
    },
    60_000,
  );
});
