import {type ApiReply, TransportError} from '../kube/transport.ts';

/** What the answer to one call means for whoever made it. */
export type Reading =
  | {readonly kind: 'done'; readonly object: unknown}
  /** The object has changed since. Not executed. */
  | {readonly kind: 'conflict'}
  | {readonly kind: 'missing'}
  /** The server asks for time, or was not reached. Only after a 503 it may have been executed. */
  | {readonly kind: 'busy'; readonly retryAfterMs: number | undefined; readonly isDoubtful: boolean}
  /** It does not take this call, now or later. Not executed. */
  | {readonly kind: 'refused'; readonly message: string}
  /** Executed or not: only a read can tell. */
  | {readonly kind: 'doubtful'; readonly message: string};

/** Sorts the HTTP statuses of a Kubernetes API server by what they say about the call's fate. */
export function readReply(reply: ApiReply): Reading {
  const {status, body, retryAfterMs} = reply;
  if (status >= 200 && status < 300) return {kind: 'done', object: body};
  if (status === 503 && retryAfterMs !== undefined) {
    return {kind: 'busy', retryAfterMs, isDoubtful: true};
  }
  if (status >= 500) return {kind: 'doubtful', message: sentenceOf(reply)};
  switch (status) {
    case 404:
    case 410:
      return {kind: 'missing'};
    case 409:
      return {kind: 'conflict'};
    // Unauthorized: the transport has renewed the token in vain; it may be new a moment later.
    case 401:
    case 429:
      return {kind: 'busy', retryAfterMs, isDoubtful: false};
    case 408:
      return {kind: 'doubtful', message: sentenceOf(reply)};
    default:
      return {kind: 'refused', message: sentenceOf(reply)};
  }
}

/** @throws the error itself unless it says that no whole reply came: then it is a programmer's */
export function readError(error: unknown): Reading {
  if (!(error instanceof TransportError)) throw error;
  if (error.neverSent) return {kind: 'busy', retryAfterMs: undefined, isDoubtful: false};
  return {kind: 'doubtful', message: error.message};
}

function sentenceOf({status, body}: ApiReply): string {
  const said = body as {readonly message?: unknown} | null | undefined;
  return typeof said?.message === 'string' ? said.message : `HTTP status ${status}`;
}
