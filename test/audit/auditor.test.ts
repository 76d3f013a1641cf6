import {describe, expect, it} from 'vitest';
import {History, itJudges, onGpus, record} from './history.ts';

const unbound = (history: History, reason: string, suspend = false) =>
  history.waiting('a', reason, '', {spec: {suspend}});

describe('capacity', () => {
  itJudges([
    ['may be used up', (h) => h.request('a', 'w-1').request('b', 'w-1'), []],
    [
      'of CPU is not exceeded by one thousandth',
      (h) =>
        h
          .request('a', 'w-1')
          .request('b', 'w-1')
          .request('c', 'w-1', {resources: {cpu: '1m', memory: '0'}}),
      ['over capacity'],
    ],
    [
      'of memory is not exceeded by one byte',
      (h) => h.request('a', 'w-1', {resources: {cpu: '1m', memory: 2 ** 30 + 1}}),
      ['over capacity'],
    ],
    [
      'of containers is not exceeded by one',
      (h) =>
        h
          .worker('w-1', {containers: 1})
          .request('a', 'w-1')
          .request('b', 'w-1', {resources: {cpu: '1m', memory: '1'}}),
      ['over capacity'],
    ],
    [
      'of a finished request is free',
      (h) =>
        h
          .request('a', 'w-1')
          .request('b', 'w-1')
          .request('a', 'w-1', {phase: 'Succeeded'})
          .request('c', 'w-1'),
      [],
    ],
    [
      'of a deleted request is free, for one that comes in the next revision',
      (h) => h.request('a', 'w-1').request('b', 'w-1').requestGone('a').request('c', 'w-1'),
      [],
    ],
    [
      'is not free in the revision before its release',
      (h) => h.request('a', 'w-1').request('b', 'w-1').request('c', 'w-1').requestGone('a'),
      ['over capacity'],
    ],
    [
      'may be taken from what is there by an edit',
      (h) => h.request('a', 'w-1').worker('w-1', {cpu: '400m'}),
      [],
    ],
    [
      'taken from what is there takes nothing new',
      (h) =>
        h
          .request('a', 'w-1')
          .worker('w-1', {cpu: '400m'})
          .request('b', 'w-1', {resources: {cpu: '1m', memory: '1'}}),
      ['over capacity'],
    ],
    [
      'taken in one dimension stays usable in the others',
      (h) =>
        h
          .request('a', 'w-1')
          .worker('w-1', {memory: '1Mi'})
          .request('b', 'w-1', {resources: {cpu: '1m', memory: '0'}}),
      [],
    ],
    [
      'taken from a placement that was committed before is nobody`s fault',
      (h) =>
        h
          .ledger({epoch: 1, cycle: 1, inFlight: [record('a', 'w-1')]})
          .worker('w-1', {cpu: '400m'})
          .request('a', 'w-1'),
      [],
    ],
    [
      'of memory taken from a placement that was committed before is nobody`s fault either',
      (h) =>
        h
          .ledger({epoch: 1, cycle: 1, inFlight: [record('a', 'w-1')]})
          .worker('w-1', {memory: '1Mi'})
          .request('a', 'w-1'),
      [],
    ],
    [
      'of containers taken from a placement that was committed before is nobody`s fault either',
      (h) =>
        h
          .ledger({epoch: 1, cycle: 1, inFlight: [record('a', 'w-1')]})
          .worker('w-1', {containers: 0})
          .request('a', 'w-1'),
      [],
    ],
    [
      'of a worker made anew, and smaller, after the commit is nobody`s fault',
      (h) =>
        h
          .ledger({epoch: 1, cycle: 1, inFlight: [record('a', 'w-1')]})
          .workerGone('w-1')
          .worker('w-1', {cpu: '400m'}, {uid: 'another'})
          .request('a', 'w-1'),
      [],
    ],
    [
      'of a worker that shrank stays counted while it lives on under its name',
      (h) =>
        h
          .request('a', 'w-1')
          .workerGone('w-1')
          .worker('w-1', {cpu: '600m'}, {uid: 'another'})
          .request('b', 'w-1'),
      ['over capacity'],
    ],
    ['of a worker that is not there is none', (h) => h.request('a', 'w-9'), ['unknown worker']],
    [
      'of a worker that went after the commit is nobody`s fault',
      (h) =>
        h
          .ledger({epoch: 1, cycle: 1, inFlight: [record('a', 'w-1')]})
          .workerGone('w-1')
          .request('a', 'w-1'),
      [],
    ],
  ]);

  it('that shrank a moment ago excuses what was on its way, and says so', () => {
    const history = new History({crossingMs: 1_000}).worker('w-1').request('a', 'w-1').at(5_000);
    history.worker('w-1', {cpu: '400m'}).at(5_999).request('b', 'w-1');
    expect(history.rules).toEqual([]);
    expect(history.auditor.counts.crossings).toBe(1);
    history.at(6_000).request('c', 'w-1');
    expect(history.rules).toEqual(['over capacity']);
  });

  it('names the first 8 requests of a worker, and how many there are more', () => {
    const history = new History().worker('w-1', {containers: 9});
    for (let index = 0; index < 10; index++) {
      history.request(`r-${index}`, 'w-1', {resources: {cpu: '1m', memory: '1'}});
    }
    const [violation] = history.auditor.violations;
    expect(violation?.objects).toHaveLength(1 + 8 + 1);
    expect(violation?.objects.slice(-2)).toEqual(['ContainerRequest default/r-7', '2 more']);
  });

  it('says which worker holds what, at which revision', () => {
    const history = new History().worker('w-1').request('a', 'w-1').request('b', 'w-1');
    history.request('c', 'w-1');
    expect(history.auditor.violations[0]).toEqual({
      rule: 'over capacity',
      resourceVersion: '4',
      objects: [
        'Worker w-1',
        'ContainerRequest default/a',
        'ContainerRequest default/b',
        'ContainerRequest default/c',
      ],
      expected: 'at most 1000 milli-CPUs',
      found: 'worker w-1 holds 1500 of 1000 milli-CPUs',
      sentence:
        'worker w-1 holds 1500 of 1000 milli-CPUs; expected at most 1000 milli-CPUs (Worker w-1, ContainerRequest default/a, ContainerRequest default/b, ContainerRequest default/c)',
    });
  });
});

describe('a GPU', () => {
  const shared = (devices: readonly number[], shareMillis: number) =>
    onGpus(devices, {count: 1, shareMillis});
  itJudges([
    [
      'is shared up to 1000 thousandths',
      (h) => h.request('a', 'w-1', shared([0], 600)).request('b', 'w-1', shared([0], 400)),
      [],
    ],
    [
      'is not shared up to 1001',
      (h) => h.request('a', 'w-1', shared([0], 600)).request('b', 'w-1', shared([0], 401)),
      ['device over capacity'],
    ],
    [
      'is not given to two requests',
      (h) => h.request('a', 'w-1', onGpus([0, 1])).request('b', 'w-1', onGpus([1])),
      ['device over capacity'],
    ],
    [
      'is given to the next request in the revision after its release',
      (h) =>
        h
          .request('a', 'w-1', onGpus([0]))
          .request('a', 'w-1', {...onGpus([0]), phase: 'Failed'})
          .request('b', 'w-1', onGpus([0])),
      [],
    ],
    [
      'is one of those the worker has',
      (h) => h.request('a', 'w-1', onGpus([2])),
      ['device over capacity'],
    ],
    [
      'is none below the first',
      (h) => h.request('a', 'w-1', onGpus([-1])),
      ['device over capacity'],
    ],
    [
      'taken from a placement that was committed before is nobody`s fault',
      (h) =>
        h
          .ledger({
            epoch: 1,
            cycle: 1,
            inFlight: [record('a', 'w-1', {gpuDevices: [1], gpuMillis: 1000})],
          })
          .worker('w-1', {gpu: {type: 'A', count: 1}})
          .request('a', 'w-1', onGpus([1])),
      [],
    ],
    [
      'is named, once for each that was asked for',
      (h) => h.request('a', 'w-1', {...onGpus([0]), resources: {gpu: {count: 2}}}),
      ['device count'],
    ],
    ['is not named twice', (h) => h.request('a', 'w-1', onGpus([1, 1])), ['device count']],
    [
      'is not named twice for one',
      (h) => h.request('a', 'w-1', {...onGpus([1, 1]), resources: {gpu: {count: 1}}}),
      ['device count'],
    ],
  ]);
});

describe('a placed request', () => {
  itJudges([
    [
      'stays on its worker, under one assignment',
      (h) => h.request('a', 'w-1').request('a', 'w-2'),
      ['moved'],
    ],
    [
      'stays on its worker, under another assignment too',
      (h) => h.request('a', 'w-1').request('a', 'w-2', {assignment: {id: '1.2.0'}}),
      ['moved'],
    ],
    [
      'keeps its GPUs',
      (h) => h.request('a', 'w-1', onGpus([0])).request('a', 'w-1', onGpus([1])),
      ['moved'],
    ],
    [
      'goes elsewhere once it lost its worker for a reason',
      (h) =>
        unbound(h.request('a', 'w-1'), 'WorkerLost').request('a', 'w-2', {
          assignment: {id: '1.2.0'},
        }),
      [],
    ],
    [
      'loses its worker for no other reason',
      (h) => unbound(h.request('a', 'w-1'), 'Unplaceable'),
      ['moved'],
    ],
    [
      'has not lost it while its condition is true',
      (h) => {
        const lost = {type: 'Scheduled', status: 'True', reason: 'WorkerLost', message: ''};
        h.request('a', 'w-1').request('a', undefined, {status: {conditions: [lost]}});
      },
      ['moved'],
    ],
    ['may be suspended', (h) => unbound(h.request('a', 'w-1'), 'Suspended', true), []],
    [
      'is not suspended unless it asks for it',
      (h) => unbound(h.request('a', 'w-1'), 'Suspended'),
      ['moved'],
    ],
    [
      'loses its worker by its end',
      (h) => h.request('a', 'w-1').request('a', 'w-1', {phase: 'Failed'}),
      [],
    ],
    [
      'may be made anew under its name',
      (h) =>
        h
          .request('a', 'w-1')
          .requestGone('a')
          .request('a', undefined, {uid: 'a2'})
          .request('a', 'w-2', {uid: 'a2'}),
      [],
    ],
    [
      'does not hand its assignment to who is made anew under its name',
      (h) =>
        h
          .request('a', 'w-1')
          .requestGone('a')
          .request('a', 'w-1', {uid: 'a2', assignment: {id: '1.1.a'}}),
      ['assignment reused'],
    ],
    [
      'is not finished and then placed again',
      (h) =>
        h
          .request('a', 'w-1', {phase: 'Succeeded'})
          .request('a', undefined, {status: {phase: 'Pending'}}),
      ['revived'],
    ],
  ]);
});

describe('an auditor', () => {
  it('counts the requests of every worker, idle ones included', () => {
    const history = new History().worker('w-1').worker('w-2').request('a', 'w-1');
    expect([...history.auditor.distribution()]).toEqual([
      ['w-1', 1],
      ['w-2', 0],
    ]);
    expect(history.auditor.revisions).toBe(3);
    expect(history.auditor.placedCount).toBe(1);
  });

  it('reports an amount that is no quantity as nothing held, and stays at work', () => {
    const history = new History().worker('w-1').request('odd', 'w-1', {resources: {cpu: 'lots'}});
    history.request('a', 'w-1').request('b', 'w-1').request('c', 'w-1');
    expect(history.rules).toEqual(['over capacity']);
  });

  it('remembers the assignments of the last 10,000 requests that went, and no more', () => {
    const history = new History().worker('w-1');
    for (let index = 0; index <= 10_000; index++) {
      history.request(`r-${index}`, 'w-1').requestGone(`r-${index}`);
    }
    history.request('a', 'w-1', {assignment: {id: '1.1.r-0'}});
    expect(history.rules).toEqual([]);
    history.request('b', 'w-1', {assignment: {id: '1.1.r-2'}});
    expect(history.rules).toEqual(['assignment reused']);
  });

  it('keeps the first 1,000 violations and counts the others', () => {
    const history = new History();
    for (let index = 0; index < 1_005; index++) history.request(`r-${index}`, 'w-9');
    expect(history.auditor.violations).toHaveLength(1_000);
    expect(history.auditor.violationCount).toBe(1_005);
  });
});
