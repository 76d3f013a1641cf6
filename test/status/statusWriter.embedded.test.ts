import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {parseRequest} from '../../src/api/parseRequest.ts';
import type {RequestRecord} from '../../src/api/records.ts';
import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import {type Fault, FaultyTransport} from '../../src/embedded/faultyTransport.ts';
import {containerRequests, pathOf} from '../../src/kube/resource.ts';
import {sendOrThrow} from '../../src/kube/transport.ts';
import {silentLog} from '../../src/lib/log.ts';
import {seededRandom} from '../../src/lib/random.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import type {StatusIntent, StatusOutcome} from '../../src/status/outcome.ts';
import {StatusWriter} from '../../src/status/statusWriter.ts';
import {bind, pending} from './writerRig.ts';

const crd = new URL('../../crds/berth.dev_containerrequests.yaml', import.meta.url);
const namespace = 'default';
const placeOf = (name: string) => pathOf(containerRequests, {namespace, name});

/**
 * A writer before a whole API server, with faults on its way and somebody else who changes objects.
 */
function createWorld(seed: number) {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const server = new EmbeddedApiServer({clock, random});
  server.applyCrd(parse(readFileSync(crd, 'utf8')) as object);
  const others = server.transport();
  const transport = new FaultyTransport({transport: server.transport(), clock});
  const outcomes = new Map<StatusIntent, StatusOutcome>();
  const writer = new StatusWriter({
    transport,
    decode: parseRequest,
    // As a watch that is never behind.
    isKnown: (key, uid) =>
      server.read(containerRequests, {namespace, name: key.split('/')[1]!})?.metadata.uid === uid,
    clock,
    random,
    log: silentLog,
    onOutcome: (intent, outcome) => {
      expect(outcomes.has(intent)).toBe(false);
      outcomes.set(intent, outcome);
    },
    limits: {
      connections: 4,
      pendingConnections: 2,
      maxOutstanding: 256,
      maxAhead: 256,
      maxRequests: 16,
      backoffBaseMs: 50,
      backoffMaxMs: 5_000,
    },
  });
  const create = async (name: string): Promise<RequestRecord> => {
    const body = {
      apiVersion: 'berth.dev/v1alpha1',
      kind: 'ContainerRequest',
      metadata: {name, namespace},
      spec: {container: {image: 'app'}},
    };
    const path = pathOf(containerRequests, {namespace});
    const record = parseRequest(await sendOrThrow(others, {method: 'POST', path, body}));
    if (record.kind !== 'valid') throw new Error(`Cannot use ${name}: it is ${record.kind}`);
    return record;
  };
  const patch = (name: string, body: object) =>
    others.send({
      method: 'PATCH',
      path: placeOf(name),
      contentType: 'application/merge-patch+json',
      body,
    });
  const found = (name: string) => {
    const object = server.read(containerRequests, {namespace, name});
    return object && parseRequest(object);
  };
  const change = async (name: string, kind: Change): Promise<void> => {
    if (kind === 'label') await patch(name, {metadata: {labels: {seen: 'yes'}}});
    // The CRD's rules, which this server does not evaluate, refuse an edit of a placed request.
    const now = found(name);
    const isPlaced = now?.kind === 'valid' && now.placement !== undefined;
    if (kind === 'edit' && !isPlaced) await patch(name, {spec: {resources: {cpu: '3'}}});
    if (kind === 'suspend') await patch(name, {spec: {suspend: true}});
    if (kind === 'delete') await others.send({method: 'DELETE', path: placeOf(name)});
    if (kind === 'recreate') {
      await others.send({method: 'DELETE', path: placeOf(name)});
      await create(name);
    }
  };
  return {clock, transport, writer, outcomes, create, change, found};
}

const changes = ['none', 'none', 'label', 'edit', 'suspend', 'delete', 'recreate'] as const;
type Change = (typeof changes)[number];

const faults: readonly Fault[] = [
  {kind: 'unsent'},
  {kind: 'lostReply'},
  {kind: 'hang'},
  {kind: 'hang', happens: true},
  {kind: 'delay', beforeMs: 300, afterMs: 300},
  {kind: 'status', status: 429, retryAfterMs: 700},
  {kind: 'status', status: 500},
  {kind: 'status', status: 503},
];

const leavesDoubt = ({fault}: {readonly fault: Fault}) =>
  fault.kind === 'lostReply' ||
  fault.kind === 'hang' ||
  (fault.kind === 'status' && fault.status >= 500);

describe('the status writer before an API server', () => {
  it('ends each placement as the object does, whatever is lost, late or changed meanwhile', async () => {
    const request = fc.record({
      change: fc.constantFrom(...changes),
      /** Since the write; negative: just before it. */
      afterMs: fc.integer({min: -700, max: 1_500}),
      isReasonFirst: fc.boolean(),
    });
    const staged = fc.record({fault: fc.constantFrom(...faults), skip: fc.nat(20)});
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(request, {minLength: 1, maxLength: 8}),
        fc.array(staged, {maxLength: 12}),
        async (seed, requests, rules) => {
          const world = createWorld(seed);
          const {clock, transport, writer, outcomes, create, change, found} = world;
          for (const rule of rules) transport.inject(rule);
          const stop = new AbortController();
          const run = writer.run(stop.signal);
          const intents: StatusIntent[] = [];
          for (const [index, {change: kind, afterMs, isReasonFirst}] of requests.entries()) {
            const record = await create(`r-${index}`);
            const written = isReasonFirst ? [pending(record), bind(record)] : [bind(record)];
            if (afterMs < 0) await change(record.name, kind);
            else clock.setTimer(afterMs, () => void change(record.name, kind));
            for (const intent of written) writer.write(intent);
            intents.push(...written);
          }
          await clock.advance(120_000);
          expect(intents.filter((intent) => !outcomes.has(intent))).toEqual([]);
          expect(outcomes.size).toBe(intents.length);
          for (const [intent, outcome] of outcomes) {
            if (intent.kind === 'pending') continue;
            // Of so many writes without an answer the object says nothing yet.
            if (outcome.kind === 'unknown' && rules.filter(leavesDoubt).length >= 3) continue;
            const now = found(intent.record.name);
            const isSame = now !== undefined && now.uid === intent.record.uid;
            const isBound = now?.kind === 'valid' && now.placement !== undefined;
            if (isSame) expect([now.name, outcome.kind === 'written']).toEqual([now.name, isBound]);
            // Another request of this name, or of other demands, must not get this one's worker.
            if (isBound)
              expect(now).toMatchObject({uid: intent.record.uid, classKey: intent.record.classKey});
            expect(['written', 'superseded', 'gone']).toContain(outcome.kind);
          }
          stop.abort();
          await run;
        },
      ),
      {numRuns: 60},
    );
  });

  it('writes statuses that the schema of the CRD takes as they are', async () => {
    const {clock, writer, outcomes, create, found} = createWorld(1);
    void writer.run(new AbortController().signal);
    const record = await create('r-1');
    writer.write(pending(record));
    await clock.advance(10);
    writer.write(bind(record));
    await clock.advance(1_000);
    expect([...outcomes.values()].map(({kind}) => kind)).toEqual(['written', 'written']);
    expect(found('r-1')).toMatchObject({
      kind: 'valid',
      phase: 'Scheduled',
      attempts: 1,
      placement: {workerName: 'w-1', assignmentId: '7.1.r-1', epoch: 7},
      conditions: [
        {type: 'Ready', status: 'False', reason: 'Placed'},
        {type: 'Scheduled', status: 'True', reason: 'Placed'},
      ],
    });
  });
});
