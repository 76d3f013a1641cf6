import {describe, expect, it} from 'vitest';
import {parseHeartbeat} from '../../src/lifecycle/parseHeartbeat.ts';
import type {NodeRecord} from '../../src/lifecycle/parseNode.ts';
import {WorkerSigns} from '../../src/lifecycle/workerSigns.ts';
import {makeNode, makeWorker} from './builders.ts';

function listen(maxWorkers = 100) {
  const told: string[] = [];
  const signs = new WorkerSigns({
    health: {
      heard: (name, mark) => told.push(`${name} heard ${mark}`),
      alive: (name) => told.push(`${name} alive`),
      silent: (name) => told.push(`${name} silent`),
      forget: (name) => told.push(`${name} forgotten`),
    },
    maxWorkers,
  });
  const take = () => told.splice(0);
  return {signs, take};
}

const onNode = (name: string, nodeName: string | undefined) =>
  ({kind: 'valid', worker: makeWorker({name, nodeName})}) as const;
const node = (name: string, ready: boolean): NodeRecord => makeNode({name, ready});

describe('the signs of life of workers', () => {
  it('on a Node say nothing before the Nodes are read', () => {
    const {signs, take} = listen();
    signs.workers.replace([onNode('a', 'n-1'), onNode('b', 'n-2')]);
    expect(take()).toEqual([]);
    signs.nodes.replace([node('n-1', true)]);
    expect(take()).toEqual(['a alive', 'b silent']);
  });

  it('on a Node follow it', () => {
    const {signs, take} = listen();
    signs.nodes.replace([node('n-1', true)]);
    signs.workers.upsert(onNode('a', 'n-1'));
    signs.workers.upsert(onNode('b', 'n-1'));
    take();
    signs.nodes.upsert(node('n-1', false));
    signs.nodes.upsert(node('n-1', true));
    signs.nodes.remove('n-1');
    expect(take()).toEqual(
      ['silent', 'alive', 'silent'].flatMap((sign) => [`a ${sign}`, `b ${sign}`]),
    );
  });

  it('on a Node take no heartbeat, and with an agent no Node', () => {
    const {signs, take} = listen();
    signs.nodes.replace([node('a', true)]);
    signs.workers.replace([onNode('a', undefined), onNode('b', 'a')]);
    take();
    signs.leases.upsert({workerName: 'b', mark: '1'});
    expect(take()).toEqual(['b alive']);
    signs.nodes.upsert(node('a', true));
    expect(take()).toEqual(['b alive']);
  });

  it('of an agent are heard whether Worker or Lease comes first', () => {
    const {signs, take} = listen();
    signs.leases.replace([{workerName: 'a', mark: '1'}, undefined]);
    signs.workers.upsert(onNode('a', undefined));
    signs.leases.upsert({workerName: 'a', mark: '2'});
    expect(take()).toEqual(['a heard 1', 'a heard 2']);
  });

  it('are forgotten with the Worker, and begin anew when it moves to a Node', () => {
    const {signs, take} = listen();
    signs.nodes.replace([node('n-1', true)]);
    signs.workers.upsert(onNode('a', undefined));
    signs.workers.upsert(onNode('a', 'n-1'));
    signs.workers.replace([]);
    expect(take()).toEqual(['a forgotten', 'a alive', 'a forgotten']);
    signs.nodes.upsert(node('n-1', false));
    expect(take()).toEqual([]);
  });

  it('are kept for no more heartbeats than there may be workers', () => {
    const {signs, take} = listen(1);
    signs.leases.upsert({workerName: 'a', mark: '1'});
    signs.leases.upsert({workerName: 'b', mark: '1'});
    signs.leases.upsert({workerName: 'a', mark: '2'});
    signs.workers.replace([onNode('a', undefined), onNode('b', undefined)]);
    expect(take()).toEqual(['a heard 2']);
  });

  it('of agents that are gone leave room for others', () => {
    const {signs, take} = listen(1);
    signs.leases.upsert({workerName: 'a', mark: '1'});
    signs.leases.remove('berth-system/berth-worker-a');
    signs.leases.upsert({workerName: 'b', mark: '1'});
    signs.workers.upsert(onNode('b', undefined));
    expect(take()).toEqual(['b heard 1']);
  });
});

describe('a Lease', () => {
  const spec = {holderIdentity: 'me', renewTime: '2026-01-01T00:00:00.000000Z'};
  it.each([
    [
      'of an agent is a heartbeat',
      'berth-worker-a.b',
      spec,
      {workerName: 'a.b', mark: `${spec.renewTime} me`},
    ],
    ['of the leader is none', 'berth', spec, undefined],
    ['that nobody holds is none', 'berth-worker-a', {...spec, holderIdentity: ''}, undefined],
    ['that was never renewed is none', 'berth-worker-a', {holderIdentity: 'me'}, undefined],
    ['without anything in it is none', 'berth-worker-a', undefined, undefined],
  ])('%s', (_, name, leaseSpec, heartbeat) => {
    expect(parseHeartbeat({metadata: {name}, spec: leaseSpec})).toEqual(heartbeat);
  });
});
