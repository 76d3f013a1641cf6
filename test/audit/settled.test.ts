import {describe, expect, it} from 'vitest';
import {History, record} from './history.ts';
import {graceMs, itJudgesInTime, showing} from './inTime.ts';

describe('the sums that a worker shows', () => {
  const shown =
    (...sums: Parameters<typeof showing>) =>
    (h: History) =>
      h.request('a', 'w-1').worker('w-1', {}, showing(...sums));
  itJudgesInTime([
    ['are those of its requests', shown('500m', '500m'), []],
    ['are allocated for each request', shown('0', '1'), ['view differs']],
    ['add up to its capacity', shown('500m', '400m'), ['view differs']],
    ['count its requests', shown('500m', '500m', 2), ['view differs']],
    [
      'are those of memory too',
      (h) => {
        const {status} = showing('500m', '500m');
        const free = {...status.free, memory: '769Mi'};
        h.request('a', 'w-1').worker('w-1', {}, {status: {...status, free}});
      },
      ['view differs'],
    ],
    [
      'are those of GPUs too',
      (h) => {
        const {status} = showing('500m', '500m');
        const allocated = {...status.allocated, gpuMillis: 1};
        h.request('a', 'w-1').worker('w-1', {}, {status: {...status, allocated}});
      },
      ['view differs'],
    ],
    [
      'are not judged where the worker has an amount that is none',
      (h) => h.request('a', 'w-1').worker('w-1', {cpu: 'lots'}),
      [],
    ],
    [
      'are not judged where a request has an amount that is none',
      (h) => h.request('a', 'w-1', {resources: {cpu: 'lots'}}),
      [],
    ],
    ['are there once it holds something', (h) => h.request('a', 'w-1'), ['view differs']],
    ['are not wanted of an idle worker', () => {}, []],
    [
      'have nothing free of what it holds too much of',
      (h) => shown('500m', '0')(h).worker('w-1', {cpu: '400m'}, showing('500m', '0')),
      [],
    ],
  ]);

  it('have no grace anew by being shown', () => {
    const history = new History({graceMs}).worker('w-1').request('a', 'w-1');
    history
      .at(graceMs - 1)
      .worker('w-1', {}, showing('0', '1'))
      .tick(graceMs);
    expect(history.rules).toEqual(['view differs']);
  });

  it('have the grace anew after each change', () => {
    const history = new History({graceMs}).worker('w-1').at(5_000).request('a', 'w-1');
    history.tick(graceMs + 4_999);
    expect(history.rules).toEqual([]);
    history.tick(graceMs + 5_000);
    expect(history.rules).toEqual(['view differs']);
  });
});

describe('a ledger at rest', () => {
  const bound = (h: History) => h.request('a', 'w-1').worker('w-1', {}, showing('500m', '500m'));
  itJudgesInTime([
    ['may hold what is bound still', (h) => bound(h).ledger({inFlight: [record('a', 'w-1')]}), []],
    [
      'holds nothing for nobody',
      (h) => h.ledger({inFlight: [record('gone', 'w-1')]}),
      ['ledger differs'],
    ],
    [
      'holds nothing on another worker',
      (h) => bound(h).ledger({inFlight: [record('a', 'w-2')]}),
      ['ledger differs'],
    ],
    [
      'holds the amounts that are bound',
      (h) => bound(h).ledger({inFlight: [record('a', 'w-1', {cpuMillis: 499})]}),
      ['ledger differs'],
    ],
  ]);

  const whole: readonly (readonly [string, readonly ReturnType<typeof record>[], number])[] = [
    ['holds what is bound', [record('a', 'w-1')], 0],
    ['lacks nothing that is bound', [], 1],
    ['holds nothing else', [record('a', 'w-1'), record('b', 'w-1')], 1],
    ['holds it where it is bound', [record('a', 'w-2')], 2],
    ['holds what it takes', [record('a', 'w-1', {memoryBytes: 1})], 1],
    ['holds no GPU that it has not', [record('a', 'w-1', {gpuDevices: [0], gpuMillis: 1000})], 1],
  ];
  it.each(whole)('that keeps the bound ones too %s', (_, records, count) => {
    const {auditor} = bound(new History({graceMs}).worker('w-1'));
    auditor.compareLedger(records, 0);
    auditor.compareLedger(records, graceMs - 1);
    expect(auditor.violationCount).toBe(0);
    auditor.compareLedger(records, graceMs);
    auditor.compareLedger(records, 2 * graceMs);
    const rules = auditor.violations.map(({rule}) => rule);
    expect(rules).toEqual(Array.from({length: count}, () => 'ledger differs'));
  });

  it('is not blamed for a difference that goes and comes again', () => {
    const {auditor} = bound(new History({graceMs}).worker('w-1'));
    auditor.compareLedger([], 0);
    auditor.compareLedger([record('a', 'w-1')], 5_000);
    auditor.compareLedger([], graceMs);
    expect(auditor.violationCount).toBe(0);
  });
});
