import {describe, expect, it} from 'vitest';
import {podSink} from '../../src/lifecycle/lifecycleSinks.ts';
import {parsePod} from '../../src/lifecycle/parsePod.ts';
import {type PlacedRequest, podNameOf} from '../../src/lifecycle/podTemplate.ts';
import {makePod, makeRecord, placedOn} from './builders.ts';

const placedRequest = (name: string, assignmentId: string, uid: string): PlacedRequest => {
  const placement = {...placedOn('w-1').placement!, assignmentId};
  return {...makeRecord({name, uid}), placement};
};

describe('the name of a Pod', () => {
  it.each([
    ['says request and assignment', 'web', '2.17.4', 'web-0a1b2c3d-2-17-4'],
    [
      'is cut where the host name would be',
      'a'.repeat(80),
      '1.1.0',
      `${'a'.repeat(48)}-0a1b2c3d-1-1-0`,
    ],
    [
      'has no dot before the cut',
      `${'a'.repeat(47)}.b`,
      '1.1.0',
      `${'a'.repeat(47)}-0a1b2c3d-1-1-0`,
    ],
    ['bears an id that is no name', 'web', 'Mine_/7', 'web-0a1b2c3d-mine-7'],
  ])('%s', (_, name, id, podName) => {
    const found = podNameOf(placedRequest(name, id, '0a1b2c3d-4e5f'));
    expect(found).toBe(podName);
    expect(found.length).toBeLessThanOrEqual(63);
  });

  it('is another one for each assignment and each request', () => {
    const names = [
      placedRequest('web', '1.1.0', '0a1b2c3d'),
      placedRequest('web', '1.1.1', '0a1b2c3d'),
      placedRequest('web', '1.1.0', '1a1b2c3d'),
    ].map(podNameOf);
    expect(new Set(names).size).toBe(3);
  });
});

describe('a Pod', () => {
  const metadata = {
    name: 'web-1',
    namespace: 'team',
    uid: 'u',
    resourceVersion: '1',
    labels: {'berth.dev/request-uid': 'r'},
    annotations: {'berth.dev/assignment': '1.1.0'},
  };
  const terminated = (exitCode: number, name = 'main') => ({
    name,
    state: {terminated: {exitCode, startedAt: '1970-01-01T00:00:07Z', reason: 'Error'}},
  });
  it.each([
    ['without a status is Pending', undefined, {phase: 'Pending', interrupted: false, message: ''}],
    [
      'that failed with an exit code did so by itself',
      {phase: 'Failed', containerStatuses: [terminated(3)]},
      {phase: 'Failed', exitCode: 3, startedMs: 7_000, interrupted: false, message: 'Error'},
    ],
    [
      'has the exit code of its own container, not of one that a webhook put there',
      {phase: 'Failed', containerStatuses: [terminated(9, 'proxy'), terminated(3)]},
      {exitCode: 3},
    ],
    [
      'that its kubelet refused was interrupted',
      {phase: 'Failed', reason: 'OutOfcpu', message: 'not enough cpu'},
      {interrupted: true, exitCode: undefined, message: 'not enough cpu'},
    ],
    [
      'that was evicted was interrupted, whatever its exit code',
      {
        phase: 'Failed',
        conditions: [{type: 'DisruptionTarget', status: 'True'}],
        containerStatuses: [terminated(137)],
      },
      {interrupted: true, exitCode: 137},
    ],
  ])('%s', (_, status, wanted) => {
    expect(parsePod({metadata, ...(status && {status})})).toMatchObject({
      name: 'web-1',
      requestUid: 'r',
      assignmentId: '1.1.0',
      ...wanted,
    });
  });
});

describe('the sink of Pods', () => {
  it('tells of a Pod that a list lacks, and of none that is no request’s', () => {
    const told: string[] = [];
    const sink = podSink({
      observePod: ({uid}) => told.push(`${uid} seen`),
      podGone: ({uid, requestUid}) => told.push(`${uid} of ${requestUid} gone`),
    });
    sink.upsert(makePod({name: 'a', uid: 'a'}));
    sink.upsert(makePod({name: 'other', uid: 'other', requestUid: ''}));
    sink.replace([makePod({name: 'b', uid: 'b'})]);
    sink.remove('default/b');
    sink.remove('default/b');
    expect(told).toEqual(['a seen', 'a of uid-1 gone', 'b seen', 'b of uid-1 gone']);
  });
});
