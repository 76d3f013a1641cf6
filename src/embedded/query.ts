import type {ApiCall} from '../kube/transport.ts';
import {type ApiObject, keyOf} from './apiObject.ts';
import {badRequest, refuse, type StatusCause} from './apiStatus.ts';
import {type FieldRequirement, matchesFields, parseFieldSelector} from './fieldSelector.ts';
import type {Kind} from './kind.ts';
import {type Matcher, parseLabelSelector} from './labelSelector.ts';
import type {Route} from './route.ts';

export type Query = NonNullable<ApiCall['query']>;

/** Which objects of a collection a list or a watch is about. */
export interface Selection {
  /** Start of their keys. */
  readonly prefix: string;
  readonly labels: Matcher | undefined;
  readonly fields: readonly FieldRequirement[];
}

export function textOf(query: Query, name: string): string {
  const value = query[name];
  return value === undefined ? '' : String(value);
}

export function flagOf(query: Query, name: string): boolean {
  return ['true', '1'].includes(textOf(query, name));
}

/** @throws Refusal 400 for what is no selector */
export function selectionOf({kind, namespace}: Route, query: Query): Selection {
  return {
    prefix: prefixOf(kind, namespace),
    labels: parseLabelSelector(textOf(query, 'labelSelector')),
    fields: parseFieldSelector(textOf(query, 'fieldSelector'), kind),
  };
}

function prefixOf(kind: Kind, namespace: string | undefined): string {
  if (!kind.resource.namespaced) return '/';
  return namespace === undefined ? '' : keyOf(namespace, '');
}

/** Whether labels and fields match; the prefix is the caller's to check. */
export function isSelected(object: ApiObject, {labels, fields}: Selection): boolean {
  if (labels && !labels(object.metadata.labels ?? {})) return false;
  return fields.length === 0 || matchesFields(object, fields);
}

/** A revision; undefined when none is given. `status` is what the server answers for nonsense. */
export function revisionOf(query: Query): number | undefined {
  const text = textOf(query, 'resourceVersion');
  if (text === '') return undefined;
  if (!/^\d+$/.test(text)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return Number(text);
}

/** Checks how the options of a list or watch go together. @throws Refusal 422 */
export function checkListOptions(query: Query, isWatch: boolean): void {
  const match = textOf(query, 'resourceVersionMatch');
  const revision = textOf(query, 'resourceVersion');
  const sendsInitial = query['sendInitialEvents'] !== undefined;
  const forbidden = (text: string) => invalidOption('Forbidden', 'FieldValueForbidden', text);
  if (sendsInitial && !isWatch) {
    throw invalidOption(
      'Forbidden',
      'FieldValueForbidden',
      'sendInitialEvents is forbidden for list',
      'sendInitialEvents',
    );
  }
  if (sendsInitial && match !== 'NotOlderThan') {
    throw forbidden('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (match === '' || sendsInitial) return;
  if (isWatch) {
    throw forbidden(
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  }
  if (revision === '') {
    throw forbidden('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (match === 'Exact' && revision === '0') {
    throw forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    const text = `${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`;
    throw invalidOption('Unsupported value', 'FieldValueNotSupported', text);
  }
}

function invalidOption(
  prefix: string,
  reason: string,
  text: string,
  field = 'resourceVersionMatch',
) {
  return invalidOptions('ListOptions', [{reason, message: `${prefix}: ${text}`, field}]);
}

/** 422 about the options of a call. */
export function invalidOptions(kind: string, causes: readonly StatusCause[]) {
  const text = causes.map(({field, message}) => `${field}: ${message}`).join(', ');
  const details = {group: 'meta.k8s.io', kind, causes};
  return refuse(422, 'Invalid', `${kind}.meta.k8s.io "" is invalid: ${text}`, details);
}

/** 504: the revision is of another server, or of a later moment of this one. */
export function tooLargeRevision(wanted: number, current: number) {
  return refuse(
    504,
    'Timeout',
    `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    {
      causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}],
      retryAfterSeconds: 1,
    },
  );
}
