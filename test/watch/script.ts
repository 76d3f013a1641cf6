import {LiveStream} from './liveStream.ts';
import type {Answer} from './scriptedTransport.ts';

export interface ObjectSpec {
  readonly name: string;
  readonly rv: string | number;
  /** Default: `uid-<name>`. */
  readonly uid?: string;
  readonly value?: string;
}

/** A namespaced object as an API server sends it, managedFields included. */
export function rawObject({name, rv, uid = `uid-${name}`, value = ''}: ObjectSpec) {
  const managedFields = [{manager: 'kubectl', operation: 'Update'}];
  const metadata = {name, namespace: 'ns', uid, resourceVersion: String(rv), managedFields};
  return {metadata, spec: {value}};
}

export function page(
  specs: readonly ObjectSpec[],
  rv: string | number,
  continueToken?: string,
): Extract<Answer, {kind: 'reply'}> {
  const metadata = {resourceVersion: String(rv), continue: continueToken};
  return {kind: 'reply', reply: {status: 200, body: {metadata, items: specs.map(rawObject)}}};
}

export function refusal(status: number, reason = '', retryAfterMs?: number): Answer {
  const body = {kind: 'Status', code: status, reason, message: `refused with ${status}`};
  return {
    kind: 'reply',
    reply: {status, body, ...(retryAfterMs !== undefined && {retryAfterMs})},
  };
}

export const reset: Answer = {kind: 'reset'};
export const hang: Answer = {kind: 'hang'};

/** A watch that stays open, with what it has sent so far. */
export function open(...lines: readonly string[]): Answer & {stream: LiveStream} {
  return {kind: 'stream', stream: new LiveStream().push(...lines)};
}

/** A watch that the server ends after these lines. */
export function ended(...lines: readonly string[]): Answer {
  return {kind: 'stream', stream: new LiveStream().push(...lines).end()};
}

/** A watch that is cut off after these lines. */
export function broken(...lines: readonly string[]): Answer {
  return {kind: 'stream', stream: new LiveStream().push(...lines).break()};
}

const event = (type: string) => (spec: ObjectSpec) =>
  JSON.stringify({type, object: rawObject(spec)});
export const added = event('ADDED');
export const modified = event('MODIFIED');
export const deleted = event('DELETED');

export function bookmark(rv: string | number, options: {endsInitialEvents?: boolean} = {}): string {
  const annotations = options.endsInitialEvents && {'k8s.io/initial-events-end': 'true'};
  const metadata = {resourceVersion: String(rv), ...(annotations && {annotations})};
  return JSON.stringify({type: 'BOOKMARK', object: {metadata}});
}

export function errorEvent(code: number, reason: string, retryAfterSeconds?: number): string {
  const details = retryAfterSeconds === undefined ? undefined : {retryAfterSeconds};
  return JSON.stringify({type: 'ERROR', object: {kind: 'Status', code, reason, details}});
}
