import type {ObservedObject} from '../../src/audit/observed.ts';
import {type ApiCall, type Transport, TransportError} from '../../src/kube/transport.ts';

/** What one opening of a watch does: its lines, and how it ends. */
export interface Script {
  readonly lines: readonly string[];
  /** Stays open when absent. */
  readonly end?: 'ends' | 'breaks' | 'expires';
  /** Answered instead. */
  readonly status?: number;
}

export interface ScriptedKind {
  /** Given one after the other; the last one again and again. */
  readonly lists: readonly {
    readonly revision: number;
    readonly objects: readonly ObservedObject[];
    /** Token of the next page. */
    readonly continue?: string;
  }[];
  readonly watches?: readonly Script[];
  /** Answered instead of everything. */
  readonly status?: number;
}

export function line(type: string, object: object): string {
  return JSON.stringify({type, object});
}

export function bookmark(revision: number): string {
  return line('BOOKMARK', {metadata: {resourceVersion: String(revision)}});
}

/** An API server that plays what is written down for each plural. */
export function scriptedServer(kinds: Readonly<Record<string, ScriptedKind>>) {
  const calls: ApiCall[] = [];
  const counts = new Map<string, number>();
  const next = (what: string) => {
    const count = counts.get(what) ?? 0;
    counts.set(what, count + 1);
    return count;
  };
  const kindOf = ({path}: ApiCall) => {
    const plural = path.slice(path.lastIndexOf('/') + 1);
    return {plural, kind: kinds[plural] ?? {lists: [], status: 404}};
  };
  const transport: Transport = {
    async send<T>(call: ApiCall) {
      calls.push(call);
      const {plural, kind} = kindOf(call);
      if (kind.status) return {status: kind.status, body: {} as T};
      const {revision, objects, ...page} =
        kind.lists[Math.min(next(`list ${plural}`), kind.lists.length - 1)]!;
      const metadata = {resourceVersion: String(revision), ...page};
      return {status: 200, body: {metadata, items: objects} as T};
    },
    async watch(call: ApiCall, signal: AbortSignal) {
      calls.push(call);
      const {plural, kind} = kindOf(call);
      const script = kind.watches?.[next(`watch ${plural}`)] ?? {lines: []};
      if (script.status) return {status: script.status, lines: play()};
      async function* play() {
        yield* script.lines;
        if (script.end === 'breaks') throw new TransportError('reset');
        if (script.end === 'expires') yield line('ERROR', {code: 410, reason: 'Expired'});
        if (script.end) return;
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener('abort', () => resolve());
        });
      }
      return {status: 200, lines: play()};
    },
    async close() {},
  };
  return {transport, calls};
}
