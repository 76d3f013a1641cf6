import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {Heap} from '../../src/lib/heap.ts';

interface Item {
  rank: number;
  index: number;
}

function createHeap() {
  return new Heap<Item>({
    before: (left, right) => left.rank < right.rank,
    moved: (item, index) => {
      item.index = index;
    },
  });
}

const command = fc.oneof(
  fc.record({kind: fc.constant('push' as const), rank: fc.integer({min: 0, max: 20})}),
  fc.record({kind: fc.constant('pop' as const)}),
  fc.record({kind: fc.constant('remove' as const), which: fc.nat()}),
  fc.record({
    kind: fc.constant('update' as const),
    which: fc.nat(),
    rank: fc.integer({min: 0, max: 20}),
  }),
);

describe('the heap', () => {
  it('gives its items in order, whatever is pushed, changed and removed in between', () => {
    fc.assert(
      fc.property(fc.array(command, {maxLength: 80}), (commands) => {
        const heap = createHeap();
        const plain: Item[] = [];
        for (const next of commands) {
          const chosen =
            'which' in next ? plain[next.which % Math.max(1, plain.length)] : undefined;
          if (next.kind === 'push') {
            const item = {rank: next.rank, index: -1};
            heap.push(item);
            plain.push(item);
          } else if (next.kind === 'pop') {
            const lowest = Math.min(...plain.map(({rank}) => rank));
            const popped = heap.pop();
            expect(popped?.rank ?? Number.POSITIVE_INFINITY).toBe(lowest);
            if (popped) {
              expect(popped.index).toBe(-1);
              plain.splice(plain.indexOf(popped), 1);
            }
          } else if (chosen && next.kind === 'remove') {
            expect(heap.removeAt(chosen.index)).toBe(chosen);
            expect(chosen.index).toBe(-1);
            plain.splice(plain.indexOf(chosen), 1);
          } else if (chosen && next.kind === 'update') {
            chosen.rank = next.rank;
            heap.update(chosen.index);
          }
          expect(heap.size).toBe(plain.length);
          expect(new Set(plain.map(({index}) => index)).size).toBe(plain.length);
          expect([...heap].every((item, index) => item.index === index)).toBe(true);
        }
        const rest = Array.from({length: heap.size}, () => heap.pop()!.rank);
        expect(rest).toEqual(plain.map(({rank}) => rank).sort((left, right) => left - right));
      }),
    );
  });

  it('has nothing to give when it is empty', () => {
    const heap = createHeap();
    expect(heap.peek()).toBeUndefined();
    expect(heap.pop()).toBeUndefined();
  });

  it.each([-1, 0, 3])('says which index it does not have: %i', (index) => {
    expect(() => createHeap().removeAt(index)).toThrow(
      `must be below 0: current value is ${index}`,
    );
  });

  it('needs no more comparisons than its height allows', () => {
    let comparisons = 0;
    const heap = new Heap<number>({
      before: (left, right) => {
        comparisons++;
        return left < right;
      },
    });
    for (let value = 1_024; value > 0; value--) heap.push(value);
    expect(comparisons).toBeLessThanOrEqual(1_024 * 10);
    comparisons = 0;
    heap.pop();
    expect(comparisons).toBeLessThanOrEqual(2 * 10);
  });
});
