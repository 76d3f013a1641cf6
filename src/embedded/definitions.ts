import type {Clock} from '../lib/clock.ts';
import {secondTime} from '../lib/timestamp.ts';
import type {ApiObject} from './apiObject.ts';
import {invalid} from './apiStatus.ts';
import {customResourceDefinitions} from './builtInKinds.ts';
import type {Collection} from './collection.ts';
import {kindsOfCrd} from './crd.ts';
import {copyJson, isObject, objectAt} from './json.ts';
import type {Routes} from './route.ts';
import type {Store} from './store.ts';

/** What the API server does about CustomResourceDefinitions that come and go. */
export class Definitions {
  readonly #store: Store;
  readonly #routes: Routes;
  readonly #clock: Clock;

  constructor(store: Store, routes: Routes, clock: Clock) {
    this.#store = store;
    this.#routes = routes;
    this.#clock = clock;
  }

  /** Serves the kinds of `crd`. @throws Error when it is no definition */
  serve(crd: object): void {
    for (const kind of kindsOfCrd(copyJson(crd))) {
      this.#routes.add(kind, this.#store.collection(kind));
    }
  }

  /** After a write through the API: serves it, and says so in its status. @throws Refusal 422 */
  written(collection: Collection, crd: ApiObject): ApiObject {
    try {
      this.serve(crd);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const cause = {reason: 'FieldValueInvalid', message, field: 'spec'};
      throw invalid({resource: customResourceDefinitions, name: crd.metadata.name}, [cause]);
    }
    if (isObject(crd['status'])) return crd;
    const lastTransitionTime = secondTime(this.#clock.nowMs());
    const conditions = ['NamesAccepted', 'Established'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime,
      reason: type,
      message: '',
    }));
    return this.#store.put(collection, {...copyJson(crd), status: {conditions}}).object;
  }

  /** After its deletion: its kinds are unknown, and their objects gone. */
  deleted(crd: ApiObject): void {
    const spec = objectAt(crd, 'spec');
    const {group} = spec;
    const {plural} = objectAt(spec, 'names');
    for (const collection of this.#store.collections()) {
      const {resource} = collection.kind;
      if (resource.group !== group || resource.plural !== plural) continue;
      for (const key of [...collection.keys('', '')]) {
        this.#store.remove(collection, collection.get(key)!);
      }
      this.#routes.delete(resource.group, resource.plural);
    }
  }
}
