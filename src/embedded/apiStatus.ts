import type {Resource} from '../kube/resource.ts';

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** metav1.Status of a refused call. */
export interface ApiStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: {readonly continue?: string};
  readonly status: 'Failure';
  readonly message: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** Thrown inside the server, answered as its status: the one way out of a refused call. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: ApiStatus;

  constructor(status: ApiStatus) {
    super(status.message);
    this.status = status;
  }
}

/** What a refusal is about. */
export interface Subject {
  readonly resource: Resource;
  readonly name: string;
}

/** Of any reason: for what this file has no word for, such as an admission rule's 403. */
export function failure(
  code: number,
  reason: string,
  message: string,
  details?: StatusDetails,
): ApiStatus {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && {details}),
    code,
  };
}

export function refuse(...status: Parameters<typeof failure>): Refusal {
  return new Refusal(failure(...status));
}

/** `pods "a"`, `workers.berth.dev "a"`. */
function qualified({resource, name}: Subject): string {
  const {plural, group} = resource;
  return `${group === '' ? plural : `${plural}.${group}`} "${name}"`;
}

function detailsOf({resource, name}: Subject): StatusDetails {
  const {plural, group} = resource;
  return {name, ...(group !== '' && {group}), kind: plural};
}

export function notFound(subject: Subject): Refusal {
  return refuse(404, 'NotFound', `${qualified(subject)} not found`, detailsOf(subject));
}

export function alreadyExists(subject: Subject): Refusal {
  const message = `${qualified(subject)} already exists`;
  return refuse(409, 'AlreadyExists', message, detailsOf(subject));
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(subject: Subject, why: string): Refusal {
  const message = `Operation cannot be fulfilled on ${qualified(subject)}: ${why}`;
  return refuse(409, 'Conflict', message, detailsOf(subject));
}

export function badRequest(message: string): Refusal {
  return refuse(400, 'BadRequest', message);
}

export function forbidden(subject: Subject, why: string, causes?: readonly StatusCause[]): Refusal {
  const message = `${qualified(subject)} is forbidden: ${why}`;
  return refuse(403, 'Forbidden', message, {...detailsOf(subject), ...(causes && {causes})});
}

/** 422 with one cause a field. */
export function invalid(subject: Subject, causes: readonly StatusCause[]): Refusal {
  const {group, kind} = subject.resource;
  const texts = causes.map(({field, message}) => `${field}: ${message}`);
  const listed = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const name = group === '' ? kind : `${kind}.${group}`;
  return refuse(422, 'Invalid', `${name} "${subject.name}" is invalid: ${listed}`, {
    name: subject.name,
    ...(group !== '' && {group}),
    kind,
    causes,
  });
}

export function methodNotAllowed(): Refusal {
  const message = 'the server does not allow this method on the requested resource';
  return refuse(405, 'MethodNotAllowed', message, {});
}

/** The plain-text page of a path that nobody serves, as the HTTP transport hands it on. */
export function pageNotFound(): Refusal {
  return new Refusal({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: '404 page not found',
    code: 404,
  });
}

export function expired(message: string, continueToken?: string): Refusal {
  const status = failure(410, 'Expired', message);
  return new Refusal(
    continueToken === undefined ? status : {...status, metadata: {continue: continueToken}},
  );
}
