import type {Clock} from '../lib/clock.ts';
import type {Random} from '../lib/random.ts';
import {secondTime} from '../lib/timestamp.ts';
import {type Admission, admit} from './admission.ts';
import {type ApiObject, keyOf, type ObjectMeta} from './apiObject.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  MODIFIED,
  notFound,
  Refusal,
  type StatusCause,
  type Subject,
} from './apiStatus.ts';
import {copyJson, equalJson} from './json.ts';
import {type Kind, typeMetaOf} from './kind.ts';
import {randomSuffix, randomUid} from './names.ts';
import {refuseInNamespace} from './namespaceLifecycle.ts';
import {
  assembleMeta,
  checkMeta,
  checkMetaUpdate,
  checkTypeMeta,
  decodeObject,
  isSpecChanged,
  keepServerMeta,
} from './objectMeta.ts';
import type {Route} from './route.ts';
import {applyDefaults, prune, type Schema} from './schema.ts';
import type {Store} from './store.ts';
import type {StoredObject} from './storedObject.ts';
import {rulesLeftOut, validate} from './validate.ts';

export interface WriteOptions {
  readonly dryRun: boolean;
  /** Unknown members are a refusal instead of being dropped in silence. */
  readonly strict: boolean;
  readonly user: string;
}

export interface Written {
  readonly status: 200 | 201;
  readonly object: ApiObject;
}

export interface WriterOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly admissions: readonly Admission[];
  readonly namespaceOf: (name: string) => ApiObject | undefined;
}

/** Creates and changes objects: what the real server does between decoding and storing. */
export class Writer {
  readonly #options: WriterOptions;
  /** By which schema an object was pruned and filled: by that one it need not be again. */
  readonly #checkedBy = new WeakMap<ApiObject, Schema>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  create(route: Route, body: unknown, options: WriteOptions): Written {
    const {kind, collection} = route;
    const object = decodeObject(copyJson(body), kind);
    const causes = checkTypeMeta(object, kind, typeMetaOf(kind).apiVersion);
    checkPlace(object, route);
    const subject = {resource: kind.resource, name: object.metadata.name};
    if (causes.length > 0) {
      throw invalid({...subject, resource: {...kind.resource, kind: object.kind}}, causes);
    }
    const namespace = kind.resource.namespaced ? route.namespace : undefined;
    if (namespace !== undefined) {
      refuseInNamespace(subject, namespace, this.#options.namespaceOf(namespace));
    }
    this.#fillMeta(object, namespace);
    subject.name = object.metadata.name;
    if (kind.custom && kind.statusSubresource) delete object['status'];
    kind.prepareCreate?.(object);
    checkObject(object, undefined, kind, options);
    admit(this.#options.admissions, kind, {
      operation: 'CREATE',
      object,
      old: undefined,
      ...options,
    });
    const {metadata} = object;
    if (metadata.resourceVersion !== '') {
      throw serverError('resourceVersion should not be set on objects to be created');
    }
    const existing = collection.get(keyOf(metadata.namespace, metadata.name));
    if (existing) throw existsAlready(subject, existing);
    if (options.dryRun) return {status: 201, object};
    return {status: 201, object: this.#put(route, object)};
  }

  /** PUT: the whole object. */
  replace(route: Route, body: unknown, options: WriteOptions): Written {
    const {kind} = route;
    const next = decodeObject(copyJson(body), kind);
    const causes = checkTypeMeta(next, kind, typeMetaOf(kind).apiVersion);
    if (causes.length > 0) throw invalid({resource: kind.resource, name: route.name!}, causes);
    checkPlace(next, route);
    const stored = this.#find(route);
    if (!stored) {
      if (kind.createOnUpdate && route.subresource === undefined) {
        return this.create(route, body, options);
      }
      throw notFound({resource: kind.resource, name: route.name!});
    }
    const {metadata} = stored.object;
    const subject = {resource: kind.resource, name: metadata.name};
    if (next.metadata.uid !== '' && next.metadata.uid !== metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${next.metadata.uid}, UID in object meta: ${metadata.uid}`;
      throw conflict(subject, `StorageError: invalid object, Code: 4, AdditionalErrorMsg: ${why}`);
    }
    if (next.metadata.resourceVersion === '' && !kind.unconditionalUpdate) {
      const message = 'Invalid value: 0: must be specified for an update';
      const found = {reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion'};
      const {plural} = kind.resource;
      throw invalid({...subject, resource: {...kind.resource, kind: plural}}, [found]);
    }
    return this.#update(route, stored, next, options);
  }

  /**
   * Changes one object by `change`, which makes another one of it and may share its parts.
   * @throws Refusal 404, and what `change` throws
   */
  modify(route: Route, change: (object: ApiObject) => unknown, options: WriteOptions): Written {
    const {kind} = route;
    const stored = this.#find(route);
    if (!stored) throw notFound({resource: kind.resource, name: route.name!});
    const changed = change(this.#known(stored, kind) ?? copyJson(stored.object));
    const next = decodeObject(changed, kind);
    const causes = checkTypeMeta(next, kind, typeMetaOf(kind).apiVersion);
    checkPlace(next, route);
    if (causes.length > 0) throw invalid({resource: kind.resource, name: route.name!}, causes);
    return this.#update(route, stored, next, options);
  }

  /** The stored object where its parts may be shared: `kind` has not changed since its write. */
  #known({object}: StoredObject, {schema}: Kind): ApiObject | undefined {
    return schema !== undefined && this.#checkedBy.get(object) === schema ? object : undefined;
  }

  #put({kind: {schema}, collection}: Route, object: ApiObject): ApiObject {
    const stored = this.#options.store.put(collection, object).object;
    if (schema) this.#checkedBy.set(stored, schema);
    return stored;
  }

  #find({collection, namespace, name}: Route): StoredObject | undefined {
    return collection.get(keyOf(namespace, name!));
  }

  #update(route: Route, stored: StoredObject, next: ApiObject, options: WriteOptions): Written {
    const {kind, collection, subresource} = route;
    const {store} = this.#options;
    const old = stored.object;
    const subject = {resource: kind.resource, name: old.metadata.name};
    checkRevision(subject, next.metadata, old.metadata);
    const causes = checkMetaUpdate(
      {...next.metadata, uid: next.metadata.uid || old.metadata.uid},
      old.metadata,
    );
    const known = this.#known(stored, kind);
    const object = mergeSubresource(next, known ?? copyJson(old), kind, subresource);
    if (causes.length > 0) throw invalid(subject, causes);
    checkObject(object, old, kind, options, known);
    if (kind.hasGeneration && isSpecChanged(object, old, kind)) {
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
    admit(this.#options.admissions, kind, {
      operation: 'UPDATE',
      object,
      old,
      subresource,
      ...options,
    });
    if (equalJson(object, old)) return {status: 200, object: old};
    if (options.dryRun) return {status: 200, object};
    if (isEndOfDeletion(object, kind)) {
      store.remove(collection, stored);
      return {status: 200, object};
    }
    return {status: 200, object: this.#put(route, object)};
  }

  #fillMeta(object: ApiObject, namespace: string | undefined): void {
    const {clock, random} = this.#options;
    const {metadata} = object;
    const {generateName = '', labels, annotations, ownerReferences, finalizers} = metadata;
    const name = metadata.name || (generateName && `${generateName}${randomSuffix(random)}`);
    object.metadata = assembleMeta({
      name,
      generateName,
      namespace,
      uid: randomUid(random),
      resourceVersion: metadata.resourceVersion,
      generation: undefined,
      creationTimestamp: secondTime(clock.nowMs()),
      labels,
      annotations,
      ownerReferences,
      finalizers,
    });
  }
}

/** Whether the last thing that held a deleted object back is gone with this write. */
function isEndOfDeletion({metadata, spec}: ApiObject, kind: Kind): boolean {
  if (metadata.deletionTimestamp === undefined || metadata.finalizers) return false;
  if (kind.resource.kind === 'Namespace') return spec === undefined;
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function existsAlready(subject: Subject, {object}: StoredObject): Refusal {
  const refusal = alreadyExists(subject);
  if (object.metadata.deletionTimestamp === undefined) return refusal;
  const message = `object is being deleted: ${refusal.status.message}`;
  return new Refusal({...refusal.status, message});
}

/** 500 without a reason: what the real server has no better word for. */
function serverError(message: string): Refusal {
  return new Refusal({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    code: 500,
  });
}

/** Name and namespace of a body must not speak against the path. */
function checkPlace({metadata}: ApiObject, {kind, namespace, name}: Route): void {
  if (name !== undefined && metadata.name !== '' && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (!kind.resource.namespaced || metadata.namespace === undefined) return;
  if (metadata.namespace !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
}

function checkRevision(subject: Subject, next: ObjectMeta, old: ObjectMeta): void {
  const {resourceVersion} = next;
  if (resourceVersion === '' || resourceVersion === old.resourceVersion) return;
  if (!/^\d+$/.test(resourceVersion)) {
    throw serverError(
      `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    );
  }
  throw conflict(subject, MODIFIED);
}

/**
 * What of `next` counts: a write to the object leaves the status alone, and the other way round.
 */
function mergeSubresource(
  next: ApiObject,
  old: ApiObject,
  kind: Kind,
  subresource: 'status' | undefined,
): ApiObject {
  const isStatus = subresource === 'status';
  const ownMeta = isStatus && !kind.statusMayRelabel ? old.metadata : next.metadata;
  const metadata = keepServerMeta(ownMeta, old.metadata);
  if (!isStatus && !kind.statusSubresource) return {...next, metadata};
  const {status, ...rest} = isStatus ? {...old, status: next['status']} : next;
  const kept = isStatus ? status : old['status'];
  return {...rest, metadata, ...(kept !== undefined && kept !== null && {status: kept})};
}

/**
 * Prunes, sets defaults, validates.
 * @param known was checked by this schema; what `object` shares with it is as it must be
 * @throws Refusal 400, 422
 */
function checkObject(
  object: ApiObject,
  old: ApiObject | undefined,
  kind: Kind,
  options: WriteOptions,
  known?: ApiObject,
): void {
  const {kind: name, version} = kind.resource;
  const malformed = kind.malformed?.(object);
  const cannot = `${name} in version "${version}" cannot be handled as a ${name}`;
  if (malformed !== undefined) throw badRequest(`${cannot}: ${malformed}`);
  const causes: StatusCause[] = checkMeta(object.metadata, kind);
  if (kind.schema) {
    const unknown = prune(object, kind.schema, known);
    if (options.strict && unknown.length > 0) {
      const list = unknown.map((path) => `unknown field ${JSON.stringify(path)}`).join(', ');
      throw badRequest(`${cannot}: strict decoding error: ${list}`);
    }
    applyDefaults(object, kind.schema, known);
    const {metadata: _, ...rest} = object;
    const found = validate(rest, kind.schema, old);
    causes.push(...found, ...(kind.hasRules ? rulesLeftOut(found) : []));
  }
  causes.push(...(kind.validate?.(object, old) ?? []));
  if (causes.length > 0) {
    throw invalid({resource: kind.resource, name: object.metadata.name}, causes);
  }
  if (!old && kind.hasGeneration) object.metadata.generation = 1;
}
