import type {ApiObject} from './apiObject.ts';
import type {Collection} from './collection.ts';
import type {FieldRequirement} from './fieldSelector.ts';
import type {Selection} from './query.ts';
import type {StoreEvent} from './store.ts';
import type {Watcher} from './watchHub.ts';

/** Watches of one collection. */
interface Shelf {
  /** Those that must see every event. */
  readonly general: Set<Watcher>;
  /** By field path, then value: those that ask for one value of a field. */
  readonly byField: Map<string, Map<string, Set<Watcher>>>;
}

/**
 * Finds the watches that a write may concern. A watch that asks for one value of a field
 * (`status.workerName=w-1`) is found by that value, so that 5,000 agents cost a write two look-ups
 * and not 5,000 comparisons.
 */
export class WatcherIndex {
  readonly #all = new Set<Watcher>();
  readonly #shelves = new Map<Collection, Shelf>();

  get size(): number {
    return this.#all.size;
  }

  all(): Iterable<Watcher> {
    return this.#all;
  }

  add(watcher: Watcher): void {
    this.#all.add(watcher);
    this.#setOf(watcher).add(watcher);
  }

  delete(watcher: Watcher): void {
    if (!this.#all.delete(watcher)) return;
    const {route, selection} = watcher;
    const shelf = this.#shelves.get(route.collection)!;
    const wanted = indexed(selection);
    const byValue = wanted && shelf.byField.get(wanted.path);
    const watchers = byValue ? byValue.get(wanted.value) : shelf.general;
    watchers?.delete(watcher);
    if (!byValue || !watchers || watchers.size > 0) return;
    byValue.delete(wanted.value);
    if (byValue.size === 0) shelf.byField.delete(wanted.path);
  }

  /** In a fixed order; a superset of those whose selection matches before or after. */
  *concernedBy(
    {collection, before, after}: StoreEvent,
    fieldText: (object: ApiObject, path: string) => string,
  ): Generator<Watcher> {
    const shelf = this.#shelves.get(collection);
    if (!shelf) return;
    yield* shelf.general;
    for (const [path, byValue] of shelf.byField) {
      const next = fieldText(after.object, path);
      const previous = before && fieldText(before.object, path);
      yield* byValue.get(next) ?? [];
      if (previous !== undefined && previous !== next) yield* byValue.get(previous) ?? [];
    }
  }

  #setOf({route: {collection}, selection}: Watcher): Set<Watcher> {
    let shelf = this.#shelves.get(collection);
    if (!shelf) {
      shelf = {general: new Set(), byField: new Map()};
      this.#shelves.set(collection, shelf);
    }
    const wanted = indexed(selection);
    if (!wanted) return shelf.general;
    let byValue = shelf.byField.get(wanted.path);
    if (!byValue) {
      byValue = new Map<string, Set<Watcher>>();
      shelf.byField.set(wanted.path, byValue);
    }
    let watchers = byValue.get(wanted.value);
    if (!watchers) {
      watchers = new Set<Watcher>();
      byValue.set(wanted.value, watchers);
    }
    return watchers;
  }
}

/** The field that the watch is found by: one that it wants one value of. */
function indexed({fields}: Selection): FieldRequirement | undefined {
  return fields.find(({equal, path}) => equal && path !== 'metadata.namespace');
}
