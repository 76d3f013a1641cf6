import {type ApiObject, keyOfObject} from './apiObject.ts';
import {Collection} from './collection.ts';
import type {Kind} from './kind.ts';
import {type EventType, StoredObject} from './storedObject.ts';

/** One write: what the key held before and after it. */
export interface StoreEvent {
  readonly revision: number;
  readonly collection: Collection;
  readonly key: string;
  readonly type: EventType;
  readonly before: StoredObject | undefined;
  /** Of a DELETED: the last state, at the revision of the deletion. */
  readonly after: StoredObject;
}

/** An old state of a collection. */
export interface View {
  readonly revision: number;
  /** Objects whose key starts with `prefix`, from key `from` on, ascending. */
  list(prefix: string, from: string): Iterable<readonly [string, StoredObject]>;
  count(prefix: string, from: string): number;
}

/**
 * All objects, one revision counter, and the log of the last writes. The log is what watches start
 * from and what old states are reckoned back from; it is bounded, as etcd's history is.
 */
export class Store {
  readonly #maxEvents: number;
  readonly #listeners: ((event: StoreEvent) => void)[] = [];
  readonly #collections = new Map<string, Collection>();
  #log: StoreEvent[] = [];
  #revision = 1;
  #compacted = 1;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Events up to and with this revision are forgotten. */
  get compacted(): number {
    return this.#compacted;
  }

  /** Called within each write, in the order of the writes. */
  onEvent(listener: (event: StoreEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** The collection of `kind`; what it holds stays when the kind is defined anew. */
  collection(kind: Kind): Collection {
    const id = `${kind.resource.group}/${kind.resource.plural}`;
    const known = this.#collections.get(id);
    if (known) {
      known.kind = kind;
      return known;
    }
    const collection = new Collection(kind);
    this.#collections.set(id, collection);
    return collection;
  }

  collections(): Iterable<Collection> {
    return this.#collections.values();
  }

  /** Stores `object`, which the caller gives away, under the next revision. */
  put(collection: Collection, object: ApiObject): StoredObject {
    const revision = ++this.#revision;
    object.metadata.resourceVersion = String(revision);
    const key = keyOfObject(object);
    const before = collection.get(key);
    const after = new StoredObject(object, revision);
    collection.set(key, after);
    before?.dropTexts();
    const type = before ? 'MODIFIED' : 'ADDED';
    this.#append({revision, collection, key, type, before, after});
    return after;
  }

  /** Removes the key; returns its last state, at the revision of the removal. */
  remove(collection: Collection, stored: StoredObject): StoredObject {
    const revision = ++this.#revision;
    const key = keyOfObject(stored.object);
    const before = collection.get(key);
    collection.delete(key);
    const after = stored.removedAt(revision);
    this.#append({revision, collection, key, type: 'DELETED', before, after});
    return after;
  }

  /**
   * Forgets the events up to and with `revision`: older watches and lists are refused from then on.
   */
  compact(revision: number): void {
    if (revision <= this.#compacted) return;
    this.#log = this.#log.slice(this.#indexAfter(revision));
    this.#compacted = Math.min(revision, this.#revision);
  }

  /** The events after `revision`, which must not be compacted. */
  *eventsAfter(revision: number): Generator<StoreEvent> {
    for (let index = this.#indexAfter(revision); index < this.#log.length; index++) {
      yield this.#log[index]!;
    }
  }

  /** The collection as it was at `revision`, which must not be compacted. */
  viewAt(collection: Collection, revision: number): View {
    const changed = new Map<string, StoredObject | undefined>();
    for (const event of this.eventsAfter(revision)) {
      if (event.collection === collection && !changed.has(event.key)) {
        changed.set(event.key, event.before);
      }
    }
    if (changed.size === 0) return presentView(collection, revision);
    return pastView(collection, revision, changed);
  }

  #append(event: StoreEvent): void {
    this.#log.push(event);
    // Cut in halves, as a cut moves all that stays.
    if (this.#log.length > this.#maxEvents) {
      this.compact(this.#log[this.#log.length - Math.ceil(this.#maxEvents / 2) - 1]!.revision);
    }
    for (const listener of this.#listeners) listener(event);
  }

  #indexAfter(revision: number): number {
    const first = this.#log[0];
    // Every revision has one event, so that an index is a subtraction.
    if (!first) return 0;
    return Math.min(Math.max(0, revision - first.revision + 1), this.#log.length);
  }
}

function presentView(collection: Collection, revision: number): View {
  return {
    revision,
    *list(prefix, from) {
      for (const key of collection.keys(prefix, from)) yield [key, collection.get(key)!];
    },
    count: (prefix, from) => collection.count(prefix, from),
  };
}

function pastView(
  collection: Collection,
  revision: number,
  changed: ReadonlyMap<string, StoredObject | undefined>,
): View {
  function* list(prefix: string, from: string): Generator<readonly [string, StoredObject]> {
    const gone = [...changed.keys()].filter(
      (key) => key.startsWith(prefix) && key >= from && collection.get(key) === undefined,
    );
    gone.sort((left, right) => (left < right ? -1 : 1));
    for (const key of merged(collection.keys(prefix, from), gone)) {
      const stored = changed.has(key) ? changed.get(key) : collection.get(key);
      if (stored) yield [key, stored];
    }
  }
  const count = (prefix: string, from: string) => [...list(prefix, from)].length;
  return {revision, list, count};
}

/** Both ascending sequences in one. */
function* merged(left: Iterable<string>, right: readonly string[]): Generator<string> {
  let index = 0;
  for (const key of left) {
    while (index < right.length && right[index]! < key) yield right[index++]!;
    yield key;
  }
  yield* right.slice(index);
}
