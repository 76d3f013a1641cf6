import {describe, expect, it} from 'vitest';
import {countsOfMetrics, EmbeddedCounts, requestsIn} from '../../../src/cli/perf/apiCounts.ts';
import {difference, noCounts} from '../../../src/cli/perf/callCounts.ts';
import type {ApiReply, Transport} from '../../../src/kube/transport.ts';

const series = (resource: string, subresource: string, verb: string, count: number) =>
  `apiserver_request_total{code="200",component="apiserver",dry_run="",group="g",resource="${resource}",scope="resource",subresource="${subresource}",verb="${verb}",version="v1"} ${count}`;

const metrics = [
  '# TYPE apiserver_request_total counter',
  series('ledgers', 'status', 'PATCH', 5),
  series('ledgers', 'status', 'PATCH', 2).replace('200', '409'),
  series('ledgers', 'status', 'GET', 100),
  series('ledgers', '', 'PATCH', 100),
  series('containerrequests', 'status', 'PATCH', 40),
  series('containerrequests', '', 'POST', 40),
  series('leases', '', 'POST', 3),
  series('leases', '', 'DELETE', 3),
  series('leases', '', 'PATCH', 100),
  series('workers', '', 'LIST', 7),
  series('workers', '', 'WATCH', 100),
  series('coworkers', '', 'LIST', 100),
  'apiserver_request_slo_duration_seconds_count{resource="ledgers",subresource="status",verb="PATCH"} 100',
].join('\n');

const answering = (reply: ApiReply<string>): Transport => ({
  send: async <T>() => reply as ApiReply<T>,
  watch: async () => ({status: 404, lines: (async function* () {})()}),
  close: async () => {},
});

describe('the counts of an API server', () => {
  it('are sums over its own series, whatever the answers were', () => {
    const counted = {resource: 'ledgers', subresource: 'status', verbs: ['PATCH', 'APPLY']};
    expect(requestsIn(metrics, counted)).toBe(7);
    const subresource = {resource: 'status', subresource: 'status', verbs: ['PATCH']};
    expect(requestsIn(metrics, subresource), 'no subresource counts as a resource').toBe(0);
  });

  it('are those of what a burst costs', async () => {
    expect(await countsOfMetrics(answering({status: 200, body: metrics}))).toEqual({
      commits: 7,
      lockCalls: 6,
      statusWrites: 40,
      workerLists: 7,
    });
  });

  it('are none where this account may not read them', async () => {
    expect(await countsOfMetrics(answering({status: 403, body: metrics}))).toEqual(noCounts);
  });

  it('are the same on the embedded one', () => {
    const counted = new EmbeddedCounts();
    const berth = '/apis/berth.dev/v1alpha1';
    const leases = '/apis/coordination.k8s.io/v1/namespaces/n/leases';
    const calls: readonly [Parameters<typeof counted.onCall>[0]['method'], string, boolean?][] = [
      ['PATCH', `${berth}/ledgers/l/status`],
      ['GET', `${berth}/ledgers/l`],
      ['POST', `${berth}/ledgers`],
      ['PATCH', `${berth}/namespaces/n/containerrequests/r/status`],
      ['POST', `${berth}/namespaces/n/containerrequests`],
      ['PATCH', `${berth}/workers/w/status`],
      ['GET', `${berth}/workers`],
      ['GET', `${berth}/workers`, true],
      ['GET', `${berth}/workers/w`],
      ['POST', leases],
      ['DELETE', `${leases}/w`],
      ['PATCH', `${leases}/w`],
    ];
    for (const [method, path, isWatch = false] of calls) {
      counted.onCall({user: 'u', status: 200, method, path, isWatch});
    }
    expect(counted.counts).toEqual({commits: 1, lockCalls: 2, statusWrites: 1, workerLists: 1});
  });
});

describe('a difference of counts', () => {
  it('is none where one of the two is', () => {
    const before = {commits: 3, lockCalls: 1, statusWrites: undefined, workerLists: 4};
    const after = {commits: 5, lockCalls: undefined, statusWrites: 9, workerLists: 4};
    const none = {lockCalls: undefined, statusWrites: undefined};
    expect(difference(after, before)).toEqual({commits: 2, workerLists: 0, ...none});
  });
});
