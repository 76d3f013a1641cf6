import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {RevisionOrder} from '../../src/audit/revisionOrder.ts';

function orderOf(...streams: readonly string[]) {
  const released: string[] = [];
  const order = new RevisionOrder<string, string>({
    streams,
    maxHeld: 5,
    release: (item) => released.push(item),
  });
  return {order, released};
}

describe('an order of several streams', () => {
  it('holds an event back until every other stream has passed its revision', () => {
    const {order, released} = orderOf('workers', 'requests');
    order.push('requests', 5, 'request at 5');
    expect(released).toEqual([]);
    order.push('workers', 3, 'worker at 3');
    expect(released).toEqual(['worker at 3']);
    order.push('workers', 7, 'worker at 7');
    expect(released).toEqual(['worker at 3', 'request at 5']);
    order.passed('requests', 7);
    expect(released).toEqual(['worker at 3', 'request at 5', 'worker at 7']);
    expect(order.heldCount).toBe(0);
  });

  it('leaves out what a stream brings a second time, and counts it', () => {
    const {order, released} = orderOf('workers');
    order.push('workers', 3, 'first');
    order.push('workers', 3, 'again');
    order.push('workers', 2, 'late');
    expect(released).toEqual(['first']);
    expect(order.repeated).toBe(2);
  });

  it('says which stream is silent before it holds back too much', () => {
    const {order} = orderOf('workers', 'requests');
    const push = (revision: number) => order.push('requests', revision, '');
    for (const revision of [1, 2, 3, 4, 5]) push(revision);
    expect(() => push(6)).toThrow(/at most 5 events may be held back.* workers at -1/);
  });

  it('releases any streams in the one order of their revisions, and nothing twice', () => {
    const histories = fc.array(fc.constantFrom('a', 'b', 'c'), {maxLength: 60});
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (owners, choices) => {
        const released: number[] = [];
        const streams = ['a', 'b', 'c'];
        const order = new RevisionOrder<string, number>({
          streams,
          release: (revision) => released.push(revision),
        });
        const left = new Map(
          streams.map((stream) => [
            stream,
            owners.flatMap((owner, revision) => (owner === stream ? [revision] : [])),
          ]),
        );
        for (const choice of choices) {
          const open = streams.filter((stream) => left.get(stream)!.length > 0);
          if (open.length === 0) break;
          const stream = open[choice % open.length]!;
          const revision = left.get(stream)!.shift()!;
          order.push(stream, revision, revision);
        }
        for (const stream of streams) order.passed(stream, owners.length);
        expect(released).toEqual(owners.map((_, revision) => revision));
      }),
    );
  });
});
