import {describe, expect, it} from 'vitest';
import type {Rule} from '../../src/audit/violation.ts';
import {History, onGpus, type Row, record} from './history.ts';

const graceMs = 10_000;

/** Played at time 0 beside the worker w-1; judged when the grace is over, and not before. */
function itJudgesInTime(rows: readonly Row[]): void {
  it.each(rows)('%s', (_, play, rules) => {
    const history = new History({graceMs}).worker('w-1');
    play(history);
    history.auditor.tick(0);
    history.auditor.tick(graceMs - 1);
    expect(history.rules).toEqual([]);
    history.auditor.tick(graceMs);
    history.auditor.tick(graceMs);
    expect(history.rules).toEqual(rules);
  });
}

const tooMuch = {resources: {cpu: '2'}};
const showing = (cpu: string, freeCpu: string, containers = 1) => ({
  status: {
    allocated: {cpu, memory: '256Mi', gpuMillis: 0},
    free: {cpu: freeCpu, memory: '768Mi', gpuMillis: 2000},
    containers,
  },
});

describe('a request without a worker', () => {
  itJudgesInTime([
    ['may fit nowhere', (h) => h.waiting('a', 'Unplaceable', '0/1 workers fit', tooMuch), []],
    ['is lost where it says nothing', (h) => h.request('a', undefined), ['lost']],
    [
      'has not fitted nowhere where it fits',
      (h) => h.waiting('a', 'Unplaceable'),
      ['untrue reason'],
    ],
    [
      'does not wait for ever for another reason where it fits',
      (h) => h.waiting('a', 'WorkerLost'),
      ['untrue reason'],
    ],
    ['may wait for a ledger', (h) => h.waiting('a', 'LedgerUnavailable'), []],
    ['may be suspended', (h) => h.waiting('a', 'Suspended', '', {spec: {suspend: true}}), []],
    [
      'says that it is suspended only while it is',
      (h) => h.waiting('a', 'Suspended'),
      ['untrue reason'],
    ],
    [
      'that is suspended says that, and not that it fits nowhere',
      (h) => h.waiting('a', 'Unplaceable', '', {spec: {suspend: true}, ...tooMuch}),
      ['untrue reason'],
    ],
    [
      'does not say that it is placed',
      (h) =>
        h.request('a', undefined, {
          status: {
            conditions: [{type: 'Scheduled', status: 'True', reason: 'Placed', message: ''}],
          },
        }),
      ['untrue reason'],
    ],
    [
      'may be asked to go',
      (h) => h.request('a', undefined, {metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}}),
      [],
    ],
    [
      'may have an amount that is none',
      (h) => h.waiting('a', 'InvalidSpec', '', {resources: {cpu: 'lots'}}),
      [],
    ],
    [
      'that was corrected has another reason',
      (h) =>
        h.request('a', undefined, {
          metadata: {generation: 2},
          status: {
            conditions: [
              {
                type: 'Scheduled',
                status: 'False',
                reason: 'InvalidSpec',
                message: '',
                observedGeneration: 1,
              },
            ],
          },
        }),
      ['untrue reason'],
    ],
    [
      'does not fit what is committed to another one',
      (h) =>
        h
          .ledger({inFlight: [record('b', 'w-1'), record('c', 'w-1')]})
          .request('b', undefined, {status: {phase: 'Succeeded'}})
          .waiting('a', 'Unplaceable'),
      ['ledger differs', 'ledger differs'],
    ],
    [
      'does not fit a worker whose agent is silent',
      (h) => h.waiting('a', 'Unplaceable', '0/1 workers fit: 1 not ready.'),
      [],
    ],
    [
      'does not sit on a worker that is gone',
      (h) => h.worker('w-2').request('a', 'w-2').workerGone('w-2'),
      ['lost'],
    ],
  ]);

  const inZoneA = {metadata: {labels: {zone: 'a'}}};
  const hindrances: readonly [string, (history: History) => unknown][] = [
    ['cordoned', (h) => h.worker('w-1', {}, {...inZoneA, spec: {unschedulable: true}})],
    [
      'tainted',
      (h) => h.worker('w-1', {}, {...inZoneA, spec: {taints: [{key: 'k', effect: 'NoExecute'}]}}),
    ],
    ['in another pool', (h) => h.worker('w-1', {}, {...inZoneA, spec: {poolName: 'other'}})],
    [
      'on its way out',
      (h) => h.worker('w-1', {}, {metadata: {...inZoneA.metadata, deletionTimestamp: 'now'}}),
    ],
    [
      'not ready',
      (h) => {
        const conditions = [{type: 'Ready', status: 'False', reason: 'R', message: ''}];
        h.worker('w-1', {}, {...inZoneA, status: {conditions}});
      },
    ],
    ['full of containers', (h) => h.worker('w-1', {containers: 0}, inZoneA)],
    ['of another GPU type', (h) => h.worker('w-1', {gpu: {type: 'B', count: 2}}, inZoneA)],
    ['short of a GPU', (h) => h.worker('w-1', {gpu: {type: 'A', count: 1}}, inZoneA)],
    ['short of memory', (h) => h.worker('w-1', {memory: '1Mi'}, inZoneA)],
    ['short of CPU', (h) => h.worker('w-1', {cpu: '499m'}, inZoneA)],
    ['in another zone', (h) => h.worker('w-1', {}, {metadata: {labels: {zone: 'b'}}})],
  ];
  const choosy = {
    spec: {
      poolName: 'default',
      resources: {cpu: '500m', memory: '256Mi', gpu: {count: 2, types: ['A']}},
      workerSelector: {
        matchLabels: {zone: 'a'},
        matchExpressions: [{key: 'zone', operator: 'In', values: ['a']}],
      },
    },
  };

  it.each(hindrances)('truly fits nowhere where the only worker is %s', (_, hinder) => {
    const history = new History({graceMs}).worker('w-1', {}, inZoneA);
    hinder(history.waiting('a', 'Unplaceable', '', choosy));
    history.auditor.tick(2 * graceMs);
    expect(history.rules).toEqual([]);
    history
      .worker('w-1', {}, inZoneA)
      .at(graceMs)
      .tick(2 * graceMs);
    expect(history.rules).toEqual(['untrue reason']);
  });

  it.each([
    ['Gt', ['4'], true],
    ['Gt', ['5'], false],
    ['Lt', ['6'], true],
    ['NotIn', ['5'], false],
    ['NotIn', ['6'], true],
    ['Exists', [], true],
    ['DoesNotExist', [], false],
  ])('fits by label 5 %s %j: %s', (operator, values, isFitting) => {
    const history = new History({graceMs}).worker('w-1', {}, {metadata: {labels: {size: '5'}}});
    const workerSelector = {matchExpressions: [{key: 'size', operator, values}]};
    history.waiting('a', 'Unplaceable', '', {spec: {workerSelector}}).tick(graceMs);
    expect(history.rules).toEqual(isFitting ? ['untrue reason'] : []);
  });

  it('is not helped by a worker that says what it said before', () => {
    const history = new History({graceMs}).worker('w-1').waiting('a', 'Unplaceable');
    history
      .at(graceMs - 1)
      .worker('w-1', {}, showing('0', '1', 0))
      .tick(graceMs);
    expect(history.rules).toContain('untrue reason');
  });

  it('fits a GPU that is half taken with the other half', () => {
    const half = onGpus([0], {count: 1, shareMillis: 500});
    const history = new History({graceMs}).worker('w-1', {gpu: {type: 'A', count: 1}});
    history.request('b', 'w-1', half).waiting('a', 'Unplaceable', '', half).tick(graceMs);
    expect(history.rules).toContain('untrue reason');
  });

  it('is not judged where only some requests are seen', () => {
    const history = new History({graceMs, seesAll: false}).worker('w-1');
    history.waiting('a', 'Unplaceable').tick(graceMs);
    history.auditor.compareLedger([record('b', 'w-1')], 0);
    history.auditor.compareLedger([record('b', 'w-1')], graceMs);
    expect(history.rules).toEqual([]);
  });

  it('has the grace anew after each change that could help it', () => {
    const history = new History({graceMs})
      .worker('w-1')
      .request('b', 'w-1', {resources: {cpu: '1'}});
    history.waiting('a', 'Unplaceable').worker('w-1', {}, showing('1', '0'));
    history
      .tick(graceMs)
      .tick(2 * graceMs)
      .requestGone('b');
    history.worker('w-1', {}, showing('0', '1', 0)).tick(3 * graceMs - 1);
    expect(history.rules).toEqual([]);
    history.tick(3 * graceMs);
    expect(history.rules).toContain('untrue reason');
  });
});

describe('the leader', () => {
  it('is not there to answer: nobody is blamed until one has led for the grace', () => {
    const history = new History({graceMs}).worker('w-1').listed('lease', []);
    history.waiting('a', 'Unplaceable').tick(5 * graceMs);
    history.lease('x', 1).tick(6 * graceMs - 1);
    expect(history.rules).toEqual([]);
    history.lease('x', 1).tick(6 * graceMs);
    expect(history.rules).toEqual(['untrue reason']);
  });

  it('has gone silent: nobody is blamed', () => {
    const history = new History({graceMs}).worker('w-1').listed('lease', []);
    history.waiting('a', 'Unplaceable').lease('x', 1).tick(31_000);
    expect(history.rules).toEqual([]);
  });
});

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
    ['are there once it holds something', (h) => h.request('a', 'w-1'), ['view differs']],
    ['are not wanted of an idle worker', () => {}, []],
    [
      'have nothing free of what it holds too much of',
      (h) => shown('500m', '0')(h).worker('w-1', {cpu: '400m'}, showing('500m', '0')),
      [],
    ],
  ]);

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

describe('a list', () => {
  it('is waited for where it is announced, and what it shows is judged as it stands', () => {
    const history = new History({awaits: ['worker', 'request']});
    history.listed('worker', [history.workerObject('w-1')]);
    history.request('early', 'w-9');
    expect(history.rules).toEqual([]);
    const doubled = ['a', 'b', 'c'].map((name) => history.requestObject(name, 'w-1'));
    history.listed('request', doubled);
    expect(history.rules).toEqual(['over capacity']);
  });

  const standing: readonly (readonly [string, (h: History) => History, readonly Rule[]])[] = [
    [
      'shows more on a worker than an edit of it could explain',
      (h) => h.listed('worker', [h.workerObject('w-1', {cpu: '400m'})]),
      ['over capacity'],
    ],
    [
      'shows a worker that may have been edited below what it holds',
      (h) =>
        h.listed('worker', [h.workerObject('w-1', {cpu: '400m'}, {metadata: {generation: 2}})]),
      [],
    ],
    [
      'shows a worker that was made after its requests were placed',
      (h) => {
        const metadata = {creationTimestamp: '2026-01-02T00:00:00Z'};
        return h.listed('worker', [h.workerObject('w-1', {cpu: '400m'}, {metadata})]);
      },
      [],
    ],
  ];
  it.each(standing)('%s', (_, list, rules) => {
    const history = new History({awaits: ['worker', 'request']});
    const status = {scheduledTime: '2026-01-01T00:00:00.000000Z'};
    list(history).listed('request', [history.requestObject('a', 'w-1', {status})]);
    expect(history.rules).toEqual(rules);
    expect(history.auditor.counts.overloaded).toBe(1);
  });

  it('shows a GPU given twice, which no edit explains', () => {
    const history = new History({awaits: ['worker', 'request']});
    history.listed('worker', [history.workerObject('w-1', {}, {metadata: {generation: 7}})]);
    const both = ['a', 'b'].map((name) => history.requestObject(name, 'w-1', onGpus([0])));
    history.listed('request', both);
    expect(history.rules).toEqual(['device over capacity']);
  });

  it('after a gap is counted with what it skipped, and blames nobody for what was not seen', () => {
    const history = new History().listed('request', []).worker('w-1').worker('w-2');
    history.request('a', 'w-1').request('b', 'w-1').request('c', undefined);
    const anew = history.requestObject('c', undefined);
    history.gap('request').request('d', 'w-9').requestGone('d');
    history.listed('request', [history.requestObject('a', 'w-2'), anew]);
    expect(history.rules).toEqual([]);
    expect(history.auditor.counts).toMatchObject({gaps: 1, skipped: 3, placed: 1});
    expect([...history.auditor.distribution()]).toEqual([
      ['w-1', 0],
      ['w-2', 1],
    ]);
    history.request('a', 'w-1');
    expect(history.rules).toEqual(['moved']);
  });
});
