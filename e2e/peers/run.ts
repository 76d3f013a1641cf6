import type {RealApiServer} from '../../test/servers/apiServer.ts';
import {Arena} from './arena.ts';
import type {Contender} from './contender.ts';
import type {Round, Side} from './figures.ts';
import {measureContender, measureFloor} from './measureSide.ts';

export interface PeersOptions {
  readonly api: RealApiServer;
  readonly peer: Contender;
  readonly berth: Contender;
  /** Nodes of the one, Workers of the other. */
  readonly hosts: number;
  readonly objects: number;
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

/** Alternating runs: who goes first in one round goes last in the next. */
export async function runPeers(options: PeersOptions): Promise<readonly Round[]> {
  const {api, peer, berth, rounds} = options;
  // Opened once: connections of a round that is over would stay open beside the next.
  const clients = {client: api.transport(), watcher: api.transport()};
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    const side = (contender: Contender) => measureSide(options, clients, contender, round);
    if (round % 2 === 1) {
      const first = await side(peer);
      measured.push({peer: first, berth: await side(berth)});
    } else {
      const first = await side(berth);
      measured.push({berth: first, peer: await side(peer)});
    }
  }
  return measured;
}

async function measureSide(
  {api, hosts, objects, rounds, progress}: PeersOptions,
  clients: Parameters<typeof Arena.open>[1],
  contender: Contender,
  round: number,
): Promise<Side> {
  const say = (what: string) => progress(`round ${round} of ${rounds}: ${what}`);
  say(`${hosts} ${contender.kind.hosts.plural}`);
  const arena = await Arena.open(api, clients, contender.kind, hosts);
  const options = {api, arena, objects};
  say(`a bare client with ${objects} ${contender.kind.objects.plural}`);
  const floor = await measureFloor(options);
  say(contender.name);
  const side = {floor, ...(await measureContender(options, contender))};
  await arena.close();
  return side;
}
