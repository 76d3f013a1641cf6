import {asCount, asObject, asText, type RawObject} from '../api/rawObject.ts';

/** One line of a watch. ADDED and MODIFIED are one kind: nothing may depend on which it was. */
export type WatchEvent =
  | {readonly kind: 'applied'; readonly object: RawObject; readonly resourceVersion: string}
  | {readonly kind: 'deleted'; readonly object: RawObject; readonly resourceVersion: string}
  | {
      readonly kind: 'bookmark';
      readonly resourceVersion: string;
      /** WatchList: everything that existed has been sent. */
      readonly endsInitialEvents: boolean;
    }
  | ({readonly kind: 'error'} & Refusal);

/** What a server answers instead of what was asked for. */
export interface Refusal {
  readonly status: number;
  /** `reason` of the metav1.Status; empty where there was none. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** Undefined for a line that is no watch event: cut off, garbled, or of an unknown type. */
export function parseWatchLine(line: string): WatchEvent | undefined {
  const event = parseObject(line);
  const object = asObject(event.object);
  if (event.type === 'ERROR') return {kind: 'error', ...refusalOf(object, 500)};
  const metadata = asObject(object.metadata);
  const resourceVersion = asText(metadata.resourceVersion);
  if (resourceVersion === '') return undefined;
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
      return asText(metadata.name) === '' ? undefined : {kind: 'applied', object, resourceVersion};
    case 'DELETED':
      return asText(metadata.name) === '' ? undefined : {kind: 'deleted', object, resourceVersion};
    case 'BOOKMARK': {
      const endsInitialEvents = asObject(metadata.annotations)[INITIAL_EVENTS_END] === 'true';
      return {kind: 'bookmark', resourceVersion, endsInitialEvents};
    }
    default:
      return undefined;
  }
}

/** Reads a metav1.Status; `status` is the HTTP status where the body names none. */
export function refusalOf(body: unknown, status: number, retryAfterMs?: number): Refusal {
  const {code, reason, message, details} = asObject(body);
  const askedSeconds = asCount(asObject(details).retryAfterSeconds, undefined);
  const waitMs = retryAfterMs ?? (askedSeconds === undefined ? undefined : askedSeconds * 1_000);
  return {
    status: asCount(code, status),
    reason: asText(reason),
    message: asText(message),
    ...(waitMs !== undefined && {retryAfterMs: waitMs}),
  };
}

/** Whether the version or continue token asked for is no longer kept: only a new list helps. */
export function isExpired({status, reason}: Refusal): boolean {
  return status === 410 || reason === 'Expired' || reason === 'Gone';
}

function parseObject(line: string): RawObject {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return {};
  }
}
