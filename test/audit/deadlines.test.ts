import {describe, expect, it} from 'vitest';
import type {ObservedObject} from '../../src/audit/observed.ts';
import type {Rule} from '../../src/audit/violation.ts';
import {History, onGpus, record} from './history.ts';
import {graceMs, itJudgesInTime, showing} from './inTime.ts';

const tooMuch = {resources: {cpu: '2'}};

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
      'that is suspended may say that its spec is invalid',
      (h) => h.waiting('a', 'InvalidSpec', '', {spec: {suspend: true}}),
      [],
    ],
    [
      'does not say that it fits nowhere where its amounts are none',
      (h) => h.waiting('a', 'Unplaceable', '', {resources: {cpu: 'lots', gpu: {count: 9}}}),
      ['untrue reason'],
    ],
    [
      'fits beside what is bound, though the ledger holds that still',
      (h) =>
        h
          .request('b', 'w-1')
          .worker('w-1', {}, showing('500m', '500m'))
          .ledger({inFlight: [record('b', 'w-1')]})
          .waiting('a', 'Unplaceable'),
      ['untrue reason'],
    ],
    [
      'has not fitted nowhere where the worker that is not ready is another one',
      (h) => {
        const conditions = [{type: 'Ready', status: 'False', reason: 'R', message: ''}];
        h.worker('w-2', {}, {status: {conditions}});
        h.waiting('a', 'Unplaceable', '0/2 workers fit: 1 not ready.');
      },
      ['untrue reason'],
    ],
    [
      'may ask for a worker that is not there',
      (h) => h.waiting('a', 'Unplaceable', '', {spec: {workerName: 'w-2'}}),
      [],
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

  it.each([
    [[], false],
    [[{key: 'k', operator: 'Exists'}], true],
    [[{operator: 'Exists'}], true],
    [[{key: 'k', value: 'v'}], true],
    [[{key: 'k', value: 'other'}], false],
    [[{key: 'other', operator: 'Exists'}], false],
    [[{key: 'k', operator: 'Exists', effect: 'NoSchedule'}], true],
    [[{key: 'k', operator: 'Exists', effect: 'NoExecute'}], false],
  ])('fits taint k=v:NoSchedule with tolerations %j: %s', (tolerations, isFitting) => {
    const taints = [{key: 'k', value: 'v', effect: 'NoSchedule'}];
    const history = new History({graceMs}).worker('w-1', {}, {spec: {taints}});
    history.waiting('a', 'Unplaceable', '', {spec: {tolerations}}).tick(graceMs);
    expect(history.rules).toEqual(isFitting ? ['untrue reason'] : []);
  });

  it('does not fit by a label that objects only inherit', () => {
    const history = new History({graceMs}).worker('w-1');
    const workerSelector = {matchExpressions: [{key: 'toString', operator: 'Exists'}]};
    history.waiting('a', 'Unplaceable', '', {spec: {workerSelector}}).tick(graceMs);
    expect(history.rules).toEqual([]);
  });

  it('on a worker that went has the grace from then on', () => {
    const history = new History({graceMs}).worker('w-1').request('a', 'w-1');
    history.at(graceMs - 1).workerGone('w-1');
    history.tick(2 * graceMs - 2);
    expect(history.rules).toEqual([]);
    history.tick(2 * graceMs - 1);
    expect(history.rules).toEqual(['lost']);
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

  const led = () =>
    new History({graceMs})
      .worker('w-1')
      .listed('lease', [])
      .waiting('a', 'Unplaceable')
      .lease('x', 1);

  it('has gone silent: nobody is blamed', () => {
    expect(led().tick(29_999).rules).toEqual(['untrue reason']);
    expect(led().tick(30_000).rules).toEqual([]);
  });

  it('is another one: nobody is blamed until that one has led for the grace', () => {
    const history = led()
      .at(graceMs - 1)
      .lease('y', 2)
      .tick(2 * graceMs - 2);
    expect(history.rules).toEqual([]);
    expect(history.tick(2 * graceMs - 1).rules).toEqual(['untrue reason']);
  });

  it('has no Lease any more: nobody is blamed', () => {
    expect(led().leaseGone().tick(graceMs).rules).toEqual([]);
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

  it.each<readonly [string, (h: History) => readonly ObservedObject[], readonly Rule[]]>([
    [
      'a GPU too few',
      (h) => [h.requestObject('a', 'w-1', onGpus([0], {count: 2}))],
      ['device count'],
    ],
    [
      'one assignment twice',
      (h) => ['a', 'b'].map((name) => h.requestObject(name, 'w-1', {assignment: {id: '1.1.same'}})),
      ['assignment reused'],
    ],
    [
      'a GPU that an edit may have taken away',
      (h) => [h.requestObject('a', 'w-1', onGpus([2]))],
      [],
    ],
  ])('shows %s', (_, requests, rules) => {
    const history = new History({awaits: ['worker', 'request']});
    history.listed('worker', [history.workerObject('w-1', {}, {metadata: {generation: 7}})]);
    history.listed('request', requests(history));
    expect(history.rules).toEqual(rules);
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
