import {describe, expect, it} from 'vitest';
import {containerRequests, workers} from '../../src/kube/resource.ts';
import {numbered} from '../../src/simulate/objects.ts';
import type {Replica} from '../../src/simulate/replica.ts';
import {isListOf} from './calls.ts';
import {OperatorRig} from './operatorRig.ts';

type LineFault = Extract<Parameters<Replica['faults']['inject']>[0]['fault'], {kind: 'lines'}>;

/** Silence of a watch, and the audit of the cache, are found out after so long. */
const silenceMs = 90_000;
const auditMs = 300_000;

const rows: readonly {what: LineFault['what']; name: string; withinMs: number}[] = [
  {what: 'break', name: 'breaks', withinMs: 1_000},
  {what: 'end', name: 'is ended by the server', withinMs: 1_000},
  {what: 'half', name: 'ends within a line', withinMs: 1_000},
  {what: 'garble', name: 'has a line that does not parse', withinMs: 1_000},
  {what: 'double', name: 'says everything twice', withinMs: 1_000},
  {what: 'swap', name: 'says two things in the other order', withinMs: 1_000},
  {what: 'silence', name: 'falls silent', withinMs: silenceMs + 10_000},
  {what: 'drop', name: 'leaves something out', withinMs: auditMs + 20_000},
];

/** Opens the watches anew, each with the fault after `afterLines` of its lines. */
async function reopen(rig: OperatorRig, leader: Replica, what: LineFault['what']): Promise<void> {
  for (const resource of [containerRequests, workers]) {
    leader.faults.inject({
      fault: {kind: 'lines', what, afterLines: 1},
      matches: isListOf(resource),
    });
  }
  leader.faults.cutWatches();
  await rig.advance(1_000);
}

describe('a watch that', () => {
  it.each(rows)('$name: everything is placed, and given back, all the same', async (row) => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 2));
    const leader = await rig.lead();
    await reopen(rig, leader, row.what);
    const names = numbered('r', 6);
    await world.createRequests(names);
    await world.createWorkers(numbered('x', 2));
    await rig.placed(names, row.withinMs);
    for (const name of names.slice(0, 3)) await world.finish(name);
    const {cache} = leader.operator.stages;
    await rig.until(
      'what is finished is free, and the new workers are known',
      () => [...cache.allocations()].length === 3 && cache.workerCount === 4,
      row.withinMs,
    );
    await rig.end();
  });

  it('finds its history gone takes a new list', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 2));
    const leader = await rig.lead();
    const names = numbered('r', 8);
    await world.createRequests(names.slice(0, 4));
    await rig.placed(names.slice(0, 4));
    const off = leader.faults.inject({
      fault: {kind: 'unsent'},
      matches: isListOf(containerRequests),
      times: Number.POSITIVE_INFINITY,
    });
    leader.faults.cutWatches();
    await rig.advance(500);
    await world.remove({resource: containerRequests, name: names[0]!});
    await world.finish(names[1]!);
    await world.createRequests(names.slice(4));
    world.server.compact();
    off();
    await rig.placed(names.slice(4), 30_000);
    const {cache} = leader.operator.stages;
    expect([...cache.allocations()]).toHaveLength(6);
    await rig.end();
  });

  it('is cut with all others as the server restarts is opened anew', async () => {
    const rig = new OperatorRig();
    const {world} = rig;
    await world.createWorkers(numbered('w', 2));
    const leader = await rig.lead();
    leader.faults.cutWatches();
    await world.createRequests(numbered('r', 6));
    await rig.placed(numbered('r', 6), 1_000);
    await rig.end();
  });
});
