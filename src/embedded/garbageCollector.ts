import {apiVersionOf, type Resource} from '../kube/resource.ts';
import {type ApiObject, keyOf, type OwnerReference} from './apiObject.ts';
import type {Collection} from './collection.ts';
import {copyJson} from './json.ts';
import {assembleMeta} from './objectMeta.ts';
import {FOREGROUND_FINALIZER, ORPHAN_FINALIZER, type Remover} from './remover.ts';
import type {Store, StoreEvent} from './store.ts';
import type {StoredObject} from './storedObject.ts';

interface Place {
  readonly collection: Collection;
  readonly key: string;
}

const SYSTEM = {graceSeconds: undefined, dryRun: false, user: 'system:garbage-collector'} as const;

/**
 * Does what kube-controller-manager does to keep the store tidy: dependents of a deleted owner go
 * (background, foreground, orphan), and a deleted Namespace takes its content along. Simplified: it
 * works after each call in one go instead of some time later, and takes no notice of
 * `blockOwnerDeletion`. Owners of a kind that the server does not know count as alive.
 */
export class GarbageCollector {
  readonly #store: Store;
  readonly #remover: Remover;
  readonly #uids = new Set<string>();
  /** By uid of the owner. */
  readonly #dependents = new Map<string, Map<string, Place>>();
  #changed = new Set<string>();
  #places: Place[] = [];

  constructor(store: Store, remover: Remover) {
    this.#store = store;
    this.#remover = remover;
    store.onEvent((event) => this.#note(event));
  }

  /** Works until nothing is left to do. */
  run(): void {
    while (this.#changed.size > 0 || this.#places.length > 0) {
      const [uids, places] = [this.#changed, this.#places];
      this.#changed = new Set();
      this.#places = [];
      for (const place of places) this.#settle(place);
      for (const uid of uids) {
        for (const place of [...(this.#dependents.get(uid)?.values() ?? [])]) this.#settle(place);
      }
    }
  }

  #note({collection, key, type, before, after}: StoreEvent): void {
    const {metadata} = after.object;
    for (const owner of before?.object.metadata.ownerReferences ?? []) {
      this.#forget(owner, collection, key);
    }
    if (type === 'DELETED') {
      this.#uids.delete(metadata.uid);
      if (this.#dependents.has(metadata.uid)) this.#changed.add(metadata.uid);
      for (const owner of metadata.ownerReferences ?? [])
        this.#reviewOwner(owner, metadata.namespace);
      this.#reviewNamespace(metadata.namespace);
      return;
    }
    this.#uids.add(metadata.uid);
    for (const owner of metadata.ownerReferences ?? []) this.#remember(owner, {collection, key});
    if (metadata.ownerReferences || metadata.deletionTimestamp !== undefined) {
      this.#places.push({collection, key});
    }
  }

  #remember(owner: OwnerReference, place: Place): void {
    let places = this.#dependents.get(owner.uid);
    if (!places) {
      places = new Map<string, Place>();
      this.#dependents.set(owner.uid, places);
    }
    places.set(idOf(place), place);
  }

  #forget(owner: OwnerReference, collection: Collection, key: string): void {
    const places = this.#dependents.get(owner.uid);
    places?.delete(idOf({collection, key}));
    if (places?.size === 0) this.#dependents.delete(owner.uid);
  }

  /** The last dependent of an owner in foreground deletion may have gone. */
  #reviewOwner(owner: OwnerReference, namespace: string | undefined): void {
    const collection = this.#collectionOf(owner);
    if (!collection) return;
    const {namespaced} = collection.kind.resource;
    this.#places.push({collection, key: keyOf(namespaced ? namespace : undefined, owner.name)});
  }

  #reviewNamespace(name: string | undefined): void {
    const collection = name === undefined ? undefined : this.#namespaces();
    if (collection) this.#places.push({collection, key: keyOf(undefined, name!)});
  }

  #namespaces(): Collection | undefined {
    return this.#collectionOf({apiVersion: 'v1', kind: 'Namespace'});
  }

  #settle({collection, key}: Place): void {
    const stored = collection.get(key);
    if (!stored) return;
    const {metadata} = stored.object;
    if (metadata.deletionTimestamp !== undefined) {
      if (collection === this.#namespaces()) this.#emptyNamespace(collection, stored);
      else if (metadata.finalizers?.includes(ORPHAN_FINALIZER)) this.#orphan(collection, stored);
      else if (metadata.finalizers?.includes(FOREGROUND_FINALIZER))
        this.#foreground(collection, stored);
      return;
    }
    const owners = metadata.ownerReferences ?? [];
    const alive = owners.filter((owner) => this.#isAlive(owner));
    if (owners.length === alive.length) return;
    if (alive.length === 0) {
      this.#remover.remove(collection.kind, stored, {...SYSTEM, policy: 'Background'});
    } else this.#change(collection, stored, {ownerReferences: alive});
  }

  #isAlive(owner: OwnerReference): boolean {
    return this.#uids.has(owner.uid) || this.#collectionOf(owner) === undefined;
  }

  #collectionOf(type: Pick<OwnerReference, 'apiVersion' | 'kind'>): Collection | undefined {
    for (const collection of this.#store.collections()) {
      const {resource} = collection.kind;
      if (resource.kind === type.kind && isSameGroup(resource, type.apiVersion)) return collection;
    }
    return undefined;
  }

  #dependentsOf(uid: string): Place[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  #orphan(collection: Collection, stored: StoredObject): void {
    const {uid, finalizers = []} = stored.object.metadata;
    for (const place of this.#dependentsOf(uid)) {
      const dependent = place.collection.get(place.key);
      if (!dependent) continue;
      const ownerReferences = dependent.object.metadata.ownerReferences?.filter(
        (owner) => owner.uid !== uid,
      );
      this.#change(place.collection, dependent, {ownerReferences});
    }
    this.#finish(
      collection,
      stored,
      finalizers.filter((name) => name !== ORPHAN_FINALIZER),
    );
  }

  #foreground(collection: Collection, stored: StoredObject): void {
    const {uid, finalizers = []} = stored.object.metadata;
    for (const place of this.#dependentsOf(uid)) {
      const dependent = place.collection.get(place.key);
      if (!dependent || dependent.object.metadata.deletionTimestamp !== undefined) continue;
      this.#remover.remove(place.collection.kind, dependent, {...SYSTEM, policy: 'Foreground'});
    }
    if (this.#dependentsOf(uid).length > 0) return;
    this.#finish(
      collection,
      stored,
      finalizers.filter((name) => name !== FOREGROUND_FINALIZER),
    );
  }

  #finish(collection: Collection, stored: StoredObject, finalizers: readonly string[]): void {
    if (finalizers.length > 0) this.#change(collection, stored, {finalizers});
    else if ((stored.object.metadata.deletionGracePeriodSeconds ?? 0) === 0) {
      this.#store.remove(collection, stored);
    } else this.#change(collection, stored, {finalizers: undefined});
  }

  #emptyNamespace(collection: Collection, stored: StoredObject): void {
    const {name, finalizers} = stored.object.metadata;
    let isEmpty = true;
    for (const other of this.#store.collections()) {
      if (!other.kind.resource.namespaced) continue;
      for (const key of [...other.keys(keyOf(name, ''), '')]) {
        const content = other.get(key)!;
        isEmpty = false;
        if (content.object.metadata.deletionTimestamp !== undefined) continue;
        this.#remover.remove(other.kind, content, {...SYSTEM, policy: 'Background'});
      }
    }
    if (isEmpty && !finalizers) this.#store.remove(collection, stored);
  }

  #change(
    collection: Collection,
    {object}: StoredObject,
    changes: {
      ownerReferences?: OwnerReference[] | undefined;
      finalizers?: readonly string[] | undefined;
    },
  ): void {
    const copy: ApiObject = copyJson(object);
    const metadata = {...copy.metadata, ...changes};
    const owners = metadata.ownerReferences?.length ? metadata.ownerReferences : undefined;
    this.#store.put(collection, {
      ...copy,
      metadata: assembleMeta({...metadata, ownerReferences: owners}),
    });
  }
}

function idOf({collection, key}: Place): string {
  const {group, plural} = collection.kind.resource;
  return `${group}/${plural}/${key}`;
}

function isSameGroup(resource: Resource, apiVersion: string): boolean {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return apiVersion === apiVersionOf(resource) || group === resource.group;
}
