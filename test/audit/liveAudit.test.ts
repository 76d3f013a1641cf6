import {afterEach, describe, expect, it} from 'vitest';
import {LiveAudit, type LiveAuditOptions} from '../../src/audit/liveAudit.ts';
import type {ObservedObject} from '../../src/audit/observed.ts';
import {ApiError} from '../../src/kube/transport.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {bookmark, line, type Script, type ScriptedKind, scriptedServer} from './scriptedServer.ts';

const at = (name: string, revision: number, uid = name) => ({
  name,
  uid,
  resourceVersion: String(revision),
});
const worker = (name: string, revision: number, cpu = '1'): ObservedObject => ({
  metadata: at(name, revision),
  spec: {capacity: {cpu, memory: '1Gi'}},
});
const request = (name: string, revision: number, workerName?: string): ObservedObject => ({
  metadata: {...at(name, revision), namespace: 'default'},
  spec: {resources: {cpu: '600m', memory: '1Mi'}},
  status: workerName === undefined ? {} : {workerName, phase: 'Scheduled', assignment: {id: name}},
});

const open: LiveAudit[] = [];
const clock = new VirtualClock();

async function start(
  kinds: Readonly<Record<string, ScriptedKind>>,
  options: Partial<LiveAuditOptions> = {},
) {
  const server = scriptedServer(kinds);
  const audit = new LiveAudit({transport: server.transport, clock, ...options});
  open.push(audit);
  await audit.start(new AbortController().signal);
  await clock.advance(0);
  return {...server, audit, rules: () => audit.auditor.violations.map(({rule}) => rule)};
}

afterEach(async () => {
  for (const audit of open.splice(0)) {
    const closed = audit.close().catch(() => {});
    await clock.advance(60_000);
    await closed;
  }
});

const idle: ScriptedKind = {lists: [{revision: 1, objects: []}]};

describe('an audit of a running server', () => {
  it('judges no request by a worker whose event is still to come', async () => {
    const {audit, rules} = await start({
      containerrequests: {
        ...idle,
        watches: [{lines: [line('MODIFIED', request('a', 12, 'w-1'))]}],
      },
      workers: {
        ...idle,
        watches: [
          {lines: [], end: 'ends'},
          {lines: [line('ADDED', worker('w-1', 11)), bookmark(12)]},
        ],
      },
    });
    expect(rules()).toEqual([]);
    expect(audit.auditor.placedCount).toBe(1);
    expect(audit.heldCount).toBe(0);
  });

  it('judges nothing until the other watch says how far it is', async () => {
    const doubled = ['a', 'b'].map((name, index) =>
      line('MODIFIED', request(name, 12 + index, 'w-1')),
    );
    const {audit, rules} = await start({
      containerrequests: {...idle, watches: [{lines: doubled}]},
      workers: {lists: [{revision: 10, objects: [worker('w-1', 5)]}]},
    });
    expect(audit.heldCount).toBe(2);
    expect(rules()).toEqual([]);
    await audit.tick(new AbortController().signal);
    expect(audit.heldCount).toBe(0);
    expect(rules()).toEqual(['over capacity']);
  });

  it('does not take a watch to have passed what a list shows and it does not', async () => {
    const doubled = ['a', 'b'].map((name, index) =>
      line('MODIFIED', request(name, 12 + index, 'w-1')),
    );
    const {audit, rules, calls} = await start({
      containerrequests: {...idle, watches: [{lines: doubled}]},
      workers: {
        lists: [
          {revision: 10, objects: [worker('w-1', 5)]},
          {revision: 13, objects: [worker('w-1', 11, '2')]},
        ],
      },
    });
    const ticked = audit.tick(new AbortController().signal);
    await clock.advance(2_000);
    await ticked;
    expect(audit.heldCount).toBe(2);
    expect(rules()).toEqual([]);
    const lists = calls.length;
    await audit.tick(new AbortController().signal);
    expect(calls, 'it is not asked again at once').toHaveLength(lists);
  });

  it.each<[string, Script, readonly ObservedObject[]]>([
    ['the watch shows', {lines: [line('DELETED', worker('w-2', 11))]}, []],
    ['a list after a gap shows', {lines: [], end: 'expires'}, [worker('w-1', 5)]],
  ])('takes a watch to have passed where all that is gone %s', async (_, watch, relisted) => {
    const at10 = {revision: 10, objects: [worker('w-1', 5), worker('w-2', 6)]};
    const at11 = {revision: 11, objects: relisted};
    const at12 = {revision: 12, objects: [worker('w-1', 5)]};
    const {audit} = await start({
      containerrequests: {...idle, watches: [{lines: [line('MODIFIED', request('a', 12))]}]},
      workers: {lists: [at10, ...(relisted.length > 0 ? [at11] : []), at12], watches: [watch]},
    });
    expect(audit.heldCount).toBeGreaterThan(0);
    await audit.tick(new AbortController().signal);
    expect(audit.heldCount).toBe(0);
  });

  it('reads a list to its last page', async () => {
    const {audit, calls} = await start({
      containerrequests: {lists: [{revision: 10, objects: []}]},
      workers: {
        lists: [
          {revision: 10, objects: [worker('w-1', 5)], continue: 'token'},
          {revision: 10, objects: [worker('w-2', 6)]},
        ],
      },
    });
    expect(audit.auditor.counts.workers).toBe(2);
    expect(calls.filter(({query}) => query?.['continue'] === 'token')).toHaveLength(1);
  });

  it('opens a watch anew that says nothing for twice the time it was to last', async () => {
    const {calls} = await start({containerrequests: idle, workers: idle});
    const opened = () =>
      calls.filter(({path, query}) => path.endsWith('workers') && query?.['watch'] === 1).length;
    await clock.advance(19_999);
    expect(opened()).toBe(1);
    await clock.advance(1);
    expect(opened()).toBe(2);
  });

  it('blames nobody for a time of which it has heard nothing', async () => {
    const {audit, rules} = await start(
      {containerrequests: {lists: [{revision: 1, objects: [request('a', 1)]}]}, workers: idle},
      {graceMs: 1_000},
    );
    await clock.advance(5_000);
    await audit.tick(new AbortController().signal);
    expect(rules()).toEqual([]);
  });

  it('goes on from where a broken watch was, with bookmarks', async () => {
    const {calls, audit} = await start({
      containerrequests: {
        ...idle,
        watches: [
          {lines: [bookmark(20)], end: 'breaks'},
          {lines: [bookmark(30)], end: 'ends'},
        ],
      },
      workers: idle,
    });
    await clock.advance(1_000);
    const from = calls
      .filter(({path, query}) => path.endsWith('containerrequests') && query?.['watch'] === 1)
      .map(({query}) => query?.['resourceVersion']);
    expect(from).toEqual(['1', '20', '30']);
    expect(audit.auditor.counts.gaps).toBe(0);
  });

  it.each<Script>([
    {lines: [], end: 'expires'},
    {lines: [], status: 410},
  ])('counts a gap (410), and judges nobody by what was known before it: %j', async (expired) => {
    const {audit, rules} = await start({
      containerrequests: {
        ...idle,
        watches: [
          {
            lines: [
              line('MODIFIED', request('a', 12, 'w-1')),
              line('MODIFIED', request('b', 14, 'w-1')),
              bookmark(25),
            ],
          },
        ],
      },
      workers: {
        lists: [
          {revision: 10, objects: [worker('w-1', 5)]},
          {revision: 20, objects: [worker('w-1', 13, '2')]},
        ],
        watches: [expired],
      },
    });
    expect(rules()).toEqual([]);
    expect(audit.auditor.counts).toMatchObject({gaps: 1, skipped: 1, placed: 2});
    expect(audit.heldCount).toBe(0);
  });

  it('ends at one revision of all kinds, by lists at that revision', async () => {
    const {audit, rules, calls} = await start({
      containerrequests: {
        lists: [
          {revision: 12, objects: []},
          {revision: 20, objects: [request('a', 13, 'w-1'), request('b', 14, 'w-1')]},
        ],
        watches: [
          {lines: [line('ADDED', request('a', 13, 'w-1')), line('ADDED', request('b', 14, 'w-1'))]},
        ],
      },
      workers: {
        lists: [
          {revision: 10, objects: [worker('w-1', 5)]},
          {revision: 20, objects: [worker('w-1', 5)]},
        ],
      },
    });
    expect(rules()).toEqual([]);
    await audit.close();
    expect(rules()).toEqual(['over capacity']);
    expect(audit.auditor.violations[0]?.resourceVersion).toBe('14');
    expect(audit.auditor.counts.gaps).toBe(0);
    const exact = calls.filter(({query}) => query?.['resourceVersionMatch'] === 'Exact');
    expect(exact.map(({query}) => query?.['resourceVersion'])).toEqual([20, 20]);
  });

  it('says what it may not see, and does without', async () => {
    const {audit} = await start({
      containerrequests: idle,
      workers: idle,
      leases: {lists: [], status: 403},
    });
    expect(audit.watching).toEqual(['Workers', 'ContainerRequests of all namespaces']);
    expect(audit.unseen).toEqual(['Ledgers (404 )', 'Leases named berth (403 )']);
  });

  it('does not begin where it may not see the requests', async () => {
    const refused = start({containerrequests: {lists: [], status: 403}, workers: idle});
    await expect(refused).rejects.toThrow(ApiError);
  });

  const forbidden: Script = {lines: [line('ERROR', {code: 403, message: 'no more'})], end: 'ends'};
  const refused = (times: number) => Array.from({length: times}, () => forbidden);

  /** Said when the audit of workers that are watched like this ends. */
  async function endOf(watches: readonly Script[]) {
    const {audit} = await start({containerrequests: idle, workers: {...idle, watches}});
    const end = {message: ''};
    audit.ended().catch((error: Error) => {
      end.message = error.message;
    });
    return end;
  }

  it('ends where the server goes on refusing, and not before', async () => {
    const end = await endOf(refused(40));
    await clock.advance(29_000);
    expect(end.message).toBe('');
    await clock.advance(5_000);
    expect(end.message).toMatch(/no more/);
  });

  it('does not end where the server refuses now and then', async () => {
    const end = await endOf([...refused(20), {lines: [bookmark(9)], end: 'ends'}, ...refused(20)]);
    await clock.advance(60_000);
    expect(end.message).toBe('');
  });

  it('ends where revisions go back, as nothing can be ordered any more', async () => {
    const {audit} = await start({
      containerrequests: {
        lists: [
          {revision: 50, objects: []},
          {revision: 7, objects: []},
        ],
        watches: [{lines: [], end: 'expires'}],
      },
      workers: idle,
    });
    await expect(audit.ended()).rejects.toThrow(/revisions must grow.* at 7, and 50 was seen/);
  });

  it('compares a ledger that it is given to read', async () => {
    const held = {uid: 'a', workerName: 'w-9', cpuMillis: 1, memoryBytes: 1};
    const {audit, rules} = await start(
      {containerrequests: idle, workers: idle},
      {graceMs: 1_000, readLedger: async () => [held]},
    );
    const {signal} = new AbortController();
    await audit.tick(signal);
    expect(rules()).toEqual([]);
    await clock.advance(1_000);
    await audit.tick(signal);
    expect(rules()).toEqual(['ledger differs']);
  });
});
