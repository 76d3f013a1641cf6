import {parseRequest} from '../../src/api/parseRequest.ts';
import {asObject, type RawObject} from '../../src/api/rawObject.ts';
import type {RequestRecord} from '../../src/api/records.ts';
import {type Log, silentLog} from '../../src/lib/log.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import type {BindIntent, PendingIntent} from '../../src/status/intent.ts';
import type {StatusIntent, StatusOutcome} from '../../src/status/outcome.ts';
import {StatusWriter, type StatusWriterOptions} from '../../src/status/statusWriter.ts';
import {makeObject, ScriptedServer} from './scriptedServer.ts';

export interface RigOptions {
  readonly limits?: Partial<StatusWriterOptions['limits']>;
  readonly log?: Log;
  /** What the random source gives: 1 is the longest backoff. */
  readonly random?: number;
}

/** A running writer before a scripted server, on a virtual clock. */
export function createRig({limits = {}, log = silentLog, random = 1}: RigOptions = {}) {
  const clock = new VirtualClock();
  const server = new ScriptedServer(clock);
  const ends: {intent: StatusIntent; outcome: StatusOutcome; atMs: number}[] = [];
  const writer = new StatusWriter({
    transport: server,
    decode: parseRequest,
    // As a watch that is never behind.
    isKnown: (key, uid) => asObject(server.get(key.split('/')[1]!)?.metadata).uid === uid,
    clock,
    random: {next: () => random},
    log,
    onOutcome: (intent, outcome) => ends.push({intent, outcome, atMs: clock.monotonicMs()}),
    limits: {
      connections: 2,
      pendingConnections: 1,
      maxOutstanding: 16,
      maxAhead: 16,
      maxRequests: 4,
      backoffBaseMs: 50,
      backoffMaxMs: 30_000,
      ...limits,
    },
  });
  const stop = new AbortController();
  let ended = false;
  const running = () => {
    void writer.run(stop.signal).then(() => {
      ended = true;
    });
  };
  return {
    clock,
    server,
    writer,
    stop,
    ends,
    run: running,
    hasEnded: () => ended,
    kinds: () =>
      ends.map(({intent, outcome}) => `${intent.kind} ${intent.record.name} ${outcome.kind}`),
  };
}

/** Puts an object on the server and parses it, as the watch would. */
export function waiting(
  server: ScriptedServer,
  name = 'r-1',
  object = makeObject(name),
): RequestRecord {
  const record = parseRequest(server.put(object));
  if (record.kind !== 'valid') throw new Error(`Cannot use ${name}: it is ${record.kind}`);
  return record;
}

export function bind(record: RequestRecord, workerName = 'w-1'): BindIntent {
  const id = `7.1.${record.name}`;
  const assignment = {id, epoch: 7, cycle: 1, gpuDevices: [], affinity: 'None' as const};
  return {kind: 'bind', record, workerName, assignment};
}

export function pending(
  record: PendingIntent['record'],
  message = '0/3 workers fit',
): PendingIntent {
  return {kind: 'pending', record, reason: 'Unplaceable', message};
}

export function statusOf(object: RawObject | undefined): RawObject {
  return asObject(object?.status);
}

/** Changes a part of an object, as somebody else's write would. */
export function edit(part: 'metadata' | 'spec' | 'status', change: RawObject) {
  return (object: RawObject): RawObject => ({
    ...object,
    [part]: {...asObject(object[part]), ...change},
  });
}
