import type {Clock} from '../lib/clock.ts';
import {secondTime} from '../lib/timestamp.ts';
import {type Admission, admit} from './admission.ts';
import {type ApiObject, keyOf} from './apiObject.ts';
import {conflict, notFound} from './apiStatus.ts';
import {copyJson, isObject, type JsonObject, objectAt} from './json.ts';
import type {Kind} from './kind.ts';
import {typeMetaOf} from './kind.ts';
import {assembleMeta} from './objectMeta.ts';
import {flagOf, invalidOptions, isSelected, type Query, selectionOf, textOf} from './query.ts';
import type {Route} from './route.ts';
import type {Store} from './store.ts';
import type {StoredObject} from './storedObject.ts';

export interface RemoverOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly admissions: readonly Admission[];
}

export interface DeleteOptions {
  readonly policy: 'Background' | 'Foreground' | 'Orphan';
  readonly graceSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly dryRun: boolean;
  readonly user: string;
}

export const ORPHAN_FINALIZER = 'orphan';
export const FOREGROUND_FINALIZER = 'foregroundDeletion';

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const;

/** metav1.DeleteOptions, from the body or, where it is absent, the query. @throws Refusal 422 */
export function deleteOptionsOf(
  body: unknown,
  query: Query,
  {dryRun, user}: {dryRun: boolean; user: string},
): DeleteOptions {
  const options: JsonObject = isObject(body) ? body : {};
  const wanted = options['propagationPolicy'] ?? (textOf(query, 'propagationPolicy') || undefined);
  const policy = POLICIES.find((known) => known === (wanted ?? 'Background'));
  if (!policy) {
    const message = `Unsupported value: ${JSON.stringify(wanted)}: supported values: "Foreground", "Background", "Orphan", "nil"`;
    throw invalidOptions('DeleteOptions', [
      {reason: 'FieldValueNotSupported', message, field: 'propagationPolicy'},
    ]);
  }
  const grace = options['gracePeriodSeconds'] ?? query['gracePeriodSeconds'];
  const {uid, resourceVersion} = objectAt(options, 'preconditions');
  return {
    policy,
    graceSeconds: grace === undefined || grace === null ? undefined : Number(grace),
    uid: typeof uid === 'string' ? uid : undefined,
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : undefined,
    dryRun: dryRun || JSON.stringify(options['dryRun'] ?? []).includes('All'),
    user,
  };
}

/** Deletes objects: at once, or by a mark where something holds them back. */
export class Remover {
  readonly #options: RemoverOptions;

  constructor(options: RemoverOptions) {
    this.#options = options;
  }

  /** The reply to a DELETE. @throws Refusal 404, 409 */
  delete({kind, collection, namespace, name}: Route, options: DeleteOptions): unknown {
    const stored = collection.get(keyOf(namespace, name!));
    if (!stored) throw notFound({resource: kind.resource, name: name!});
    checkPreconditions(kind, stored.object, options);
    const left = this.remove(kind, stored, options);
    if (left) return copyJson(left);
    const {uid} = stored.object.metadata;
    const {group, plural} = kind.resource;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {name, ...(group !== '' && {group}), kind: plural, uid},
    };
  }

  /** The reply to a DELETE of a collection: the list of what was there. */
  deleteCollection(route: Route, query: Query, options: DeleteOptions): unknown {
    const {kind, collection} = route;
    const {store} = this.#options;
    const selection = selectionOf(route, query);
    const all = [...store.viewAt(collection, store.revision).list(selection.prefix, '')];
    const chosen = all
      .map(([, stored]) => stored)
      .filter(({object}) => isSelected(object, selection));
    const items = chosen.map((stored) =>
      copyJson(this.remove(kind, stored, options) ?? stored.object),
    );
    return {
      kind: kind.listKind,
      apiVersion: typeMetaOf(kind).apiVersion,
      metadata: {resourceVersion: String(store.revision)},
      items,
    };
  }

  /**
   * Removes the object, or marks it where it must wait; returns what there is to show of it:
   * the marked object, or, of a kind that ends gracefully, the last state.
   */
  remove(
    kind: Kind,
    stored: StoredObject,
    options: Pick<DeleteOptions, 'policy' | 'graceSeconds' | 'dryRun' | 'user'>,
  ): ApiObject | undefined {
    const {store, admissions} = this.#options;
    const {object} = stored;
    admit(admissions, kind, {operation: 'DELETE', object, old: object, ...options});
    const collection = store.collection(kind);
    const grace = kind.graceSeconds?.(object, options.graceSeconds);
    const marked = this.#mark(kind, stored, options.policy, grace);
    const mustWait = marked.metadata.finalizers !== undefined || (grace ?? 0) > 0;
    if (mustWait || kind.resource.kind === 'Namespace') {
      if (marked === object || options.dryRun) return marked;
      return store.put(collection, marked).object;
    }
    if (!options.dryRun) store.remove(collection, stored);
    return grace === undefined ? undefined : marked;
  }

  /** The object with its deletion mark; itself when there is nothing to add to it. */
  #mark(
    kind: Kind,
    {object}: StoredObject,
    policy: DeleteOptions['policy'],
    grace: number | undefined,
  ): ApiObject {
    const {metadata} = object;
    const finalizers = withPolicy(metadata.finalizers ?? [], policy);
    const isMarked = metadata.deletionTimestamp !== undefined;
    const seconds = grace ?? 0;
    const isShorter = isMarked && seconds < (metadata.deletionGracePeriodSeconds ?? 0);
    const isSame = finalizers.length === (metadata.finalizers ?? []).length;
    if (isMarked && !isShorter && isSame) return object;
    const endMs = this.#options.clock.nowMs() + seconds * 1_000;
    const isNamespace = kind.resource.kind === 'Namespace';
    const marked: ApiObject = {
      ...object,
      metadata: assembleMeta({
        ...metadata,
        generation:
          metadata.generation === undefined || isMarked
            ? metadata.generation
            : metadata.generation + 1,
        deletionTimestamp: isMarked && !isShorter ? metadata.deletionTimestamp : secondTime(endMs),
        deletionGracePeriodSeconds: isNamespace ? undefined : seconds,
        finalizers: finalizers.length === 0 ? undefined : finalizers,
      }),
    };
    if (isNamespace) marked['status'] = {...objectAt(object, 'status'), phase: 'Terminating'};
    return marked;
  }
}

function withPolicy(finalizers: readonly string[], policy: DeleteOptions['policy']): string[] {
  const kept = finalizers.filter(
    (finalizer) => finalizer !== ORPHAN_FINALIZER && finalizer !== FOREGROUND_FINALIZER,
  );
  if (policy === 'Orphan') return [...kept, ORPHAN_FINALIZER];
  return policy === 'Foreground' ? [...kept, FOREGROUND_FINALIZER] : [...finalizers];
}

function checkPreconditions(kind: Kind, {metadata}: ApiObject, options: DeleteOptions): void {
  const {uid, resourceVersion} = options;
  const {resource} = kind;
  // The real server names the kind here and not the plural.
  const subject = {resource: {...resource, plural: resource.kind}, name: metadata.name};
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      subject,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      subject,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

/** `dryRun=All`. */
export function isDryRun(query: Query): boolean {
  return textOf(query, 'dryRun') === 'All' || flagOf(query, 'dryRun');
}
