import {describe, expect, it} from 'vitest';
import {Auditor, type ObservedObject} from '../../src/audit/auditor.ts';

let revision = 0;
const meta = (name: string, uid = name) => ({
  name,
  namespace: 'default',
  uid,
  resourceVersion: String(++revision),
});
const worker = (name: string, capacity = {}): {type: 'ADDED'; object: ObservedObject} => ({
  type: 'ADDED',
  object: {
    metadata: meta(name),
    spec: {capacity: {cpu: '1', memory: '1Gi', gpu: {count: 2}, ...capacity}},
  },
});
const request = (
  name: string,
  workerName: string | undefined,
  {resources = {}, assignment = {}, phase = 'Scheduled'} = {},
): {type: 'MODIFIED'; object: ObservedObject} => ({
  type: 'MODIFIED',
  object: {
    metadata: meta(name),
    spec: {resources: {cpu: '500m', memory: '256Mi', ...resources}},
    status: {
      phase,
      ...(workerName && {workerName}),
      assignment: {id: `1.1.${name}`, epoch: 1, ...assignment},
    },
  },
});
const deleted = (name: string) => ({...request(name, undefined), type: 'DELETED' as const});
const gpu = (device: number, shareMillis?: number) => ({
  resources: {cpu: '1m', memory: '1Mi', gpu: {count: 1, ...(shareMillis && {shareMillis})}},
  assignment: {gpuDevices: [device]},
});

type Row = readonly [
  name: string,
  requests: readonly ReturnType<typeof request | typeof deleted>[],
  rules: readonly string[],
];

describe('the auditor', () => {
  const rows: readonly Row[] = [
    ['accepts a worker that is exactly full', [request('a', 'w-1'), request('b', 'w-1')], []],
    [
      'sees CPU over capacity',
      [request('a', 'w-1'), request('b', 'w-1'), request('c', 'w-1', {resources: {cpu: '1m'}})],
      ['over capacity'],
    ],
    [
      'sees memory over capacity',
      [request('a', 'w-1', {resources: {memory: '1.5Gi'}})],
      ['over capacity'],
    ],
    [
      'counts a finished request no longer',
      [
        request('a', 'w-1'),
        request('b', 'w-1'),
        request('a', 'w-1', {phase: 'Succeeded'}),
        request('c', 'w-1'),
      ],
      [],
    ],
    [
      'counts a deleted request no longer',
      [request('a', 'w-1'), request('b', 'w-1'), deleted('a'), request('c', 'w-1')],
      [],
    ],
    [
      'accepts one device shared up to its whole',
      [request('a', 'w-1', gpu(0, 600)), request('b', 'w-1', gpu(0, 400))],
      [],
    ],
    [
      'sees one device given twice',
      [request('a', 'w-1', gpu(0)), request('b', 'w-1', gpu(0, 1))],
      ['device over capacity'],
    ],
    [
      'sees a device that the worker does not have',
      [request('a', 'w-1', gpu(2))],
      ['device over capacity'],
    ],
    [
      'sees a request moved under one assignment',
      [request('a', 'w-1'), request('a', 'w-2')],
      ['moved'],
    ],
    [
      'accepts a request that moves under a new assignment',
      [request('a', 'w-1'), request('a', 'w-2', {assignment: {id: '1.2.0'}})],
      [],
    ],
    [
      'sees a placement by an epoch that had ended',
      [request('a', 'w-1', {assignment: {epoch: 2}}), request('b', 'w-2')],
      ['epoch went back'],
    ],
    ['sees a placement on a worker that is not there', [request('a', 'w-9')], ['unknown worker']],
  ];
  it.each(rows)('%s', (_, requests, rules) => {
    const auditor = new Auditor();
    auditor.observeWorker(worker('w-1'));
    auditor.observeWorker(worker('w-2'));
    for (const event of requests) auditor.observeRequest(event);
    expect(auditor.violations.map(({rule}) => rule)).toEqual(rules);
    expect(auditor.revisions).toBe(requests.length + 2);
  });

  it('sees a worker shrunk below its use', () => {
    const auditor = new Auditor();
    auditor.observeWorker(worker('w-1'));
    auditor.observeRequest(request('a', 'w-1'));
    auditor.observeWorker(worker('w-1', {cpu: '400m'}));
    expect(auditor.violations.map(({rule}) => rule)).toEqual(['over capacity']);
  });

  it('counts the requests of every worker, idle ones included', () => {
    const auditor = new Auditor();
    auditor.observeWorker(worker('w-1'));
    auditor.observeWorker(worker('w-2'));
    auditor.observeRequest(request('a', 'w-1'));
    expect([...auditor.distribution()]).toEqual([
      ['w-1', 1],
      ['w-2', 0],
    ]);
  });
});
