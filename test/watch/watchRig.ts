import {asObject, asText, type RawObject} from '../../src/api/rawObject.ts';
import {defaultConfig, fixedLimits} from '../../src/config.ts';
import {containerRequests} from '../../src/kube/resource.ts';
import type {Transport} from '../../src/kube/transport.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {silentLog} from '../../src/lib/log.ts';
import type {Random} from '../../src/lib/random.ts';
import {VirtualClock} from '../../src/lib/virtualClock.ts';
import {type ObjectSink, Reflector, type ReflectorOptions} from '../../src/watch/reflector.ts';
import type {WatchLimits} from '../../src/watch/watchLimits.ts';
import {type ObjectSpec, open, page} from './script.ts';
import {type Answer, ScriptedTransport} from './scriptedTransport.ts';

/** Those of the operator. */
export const watchLimits: WatchLimits = {...fixedLimits.watch, ...defaultConfig().watch};

/** What the tests decode an object to. */
export interface Seen {
  readonly key: string;
  readonly uid: string;
  readonly rv: string;
  readonly value: string;
}

export function decode(object: RawObject): Seen {
  const metadata = asObject(object.metadata);
  return {
    key: `${asText(metadata.namespace)}/${asText(metadata.name)}`,
    uid: asText(metadata.uid),
    rv: asText(metadata.resourceVersion),
    value: asText(asObject(object.spec).value),
  };
}

/** Holds what it was given, and the calls that brought it. */
export class RecordingSink implements ObjectSink<Seen> {
  readonly calls: string[] = [];
  readonly objects = new Map<string, Seen>();

  replace(all: readonly Seen[], wentBack = false): void {
    const names = all.map(({key, rv}) => `${key}@${rv}`).join(' ');
    this.calls.push(`${wentBack ? 'went back, ' : ''}replace ${names}`.trim());
    this.objects.clear();
    for (const object of all) this.objects.set(object.key, object);
  }

  upsert(object: Seen): void {
    this.calls.push(`upsert ${object.key}@${object.rv}`);
    this.objects.set(object.key, object);
  }

  remove(key: string): void {
    this.calls.push(`remove ${key}`);
    this.objects.delete(key);
  }

  /** `name@resourceVersion` of everything, sorted. */
  get state(): string[] {
    return [...this.objects.values()].map(({key, rv}) => `${key.split('/')[1]}@${rv}`).sort();
  }
}

type Extra = Partial<ReflectorOptions<Seen>>;

/** The middle of every range: full jitter then waits half of its ceiling. */
export const half: Random = {next: () => 0.5};

export function makeReflector(
  options: {transport: Transport; clock: Clock; sink: ObjectSink<Seen>} & Extra,
) {
  const counts = {relists: 0, unparsed: 0, missed: 0};
  const reflector = new Reflector<Seen>({
    resource: containerRequests,
    decode,
    random: half,
    log: silentLog,
    limits: watchLimits,
    listBy: 'pages',
    metrics: {
      relisted: () => counts.relists++,
      unparsedLine: () => counts.unparsed++,
      missed: (count) => {
        counts.missed += count;
      },
    },
    ...options,
  });
  return {reflector, counts};
}

/** A reflector that runs against a script, on a virtual clock. */
export async function runScript(script: readonly Answer[], extra: Extra = {}) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport(clock, script);
  const sink = new RecordingSink();
  const {reflector, counts} = makeReflector({transport, clock, sink, ...extra});
  const abort = new AbortController();
  const ended = reflector.run(abort.signal);
  // Looked at by the tests that expect it; the others must not end as unhandled.
  ended.catch(() => {});
  await clock.advance(0);
  const stop = async () => {
    abort.abort();
    await ended;
  };
  return {clock, transport, sink, reflector, counts, signal: abort.signal, ended, stop};
}

/** A reflector that holds these, its watch open at version 9. */
export async function watching(objects: readonly ObjectSpec[], limits: Partial<WatchLimits> = {}) {
  const watch = open();
  const run = await runScript([page(objects, 9), watch], {limits: {...watchLimits, ...limits}});
  run.sink.calls.length = 0;
  return {...run, server: watch.stream};
}
