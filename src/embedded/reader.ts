import {keyOf} from './apiObject.ts';
import {badRequest, expired, notFound} from './apiStatus.ts';
import {copyJson, isObject, type JsonObject} from './json.ts';
import {typeMetaOf} from './kind.ts';
import {
  checkListOptions,
  isSelected,
  type Query,
  revisionOf,
  selectionOf,
  textOf,
  tooLargeRevision,
} from './query.ts';
import type {Route} from './route.ts';
import type {Store, View} from './store.ts';
import type {StoredObject} from './storedObject.ts';

/** Where a chunked list goes on. */
interface Continue {
  readonly revision: number;
  readonly from: string;
}

const CONTINUE_VERSION = 'meta.k8s.io/v1';
const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** GET of one object and of collections. */
export class Reader {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws Refusal 404 */
  get({kind, collection, namespace, name}: Route, query: Query): unknown {
    const revision = revisionOf(query) ?? 0;
    if (revision > this.#store.revision) throw tooLargeRevision(revision, this.#store.revision);
    const stored = collection.get(keyOf(namespace, name!));
    if (!stored) throw notFound({resource: kind.resource, name: name!});
    return copyJson(stored.object);
  }

  list(route: Route, query: Query): unknown {
    const {kind} = route;
    checkListOptions(query, false);
    const selection = selectionOf(route, query);
    const {view, from, limit} = this.#page(route, query);
    const items: JsonObject[] = [];
    let next: string | undefined;
    for (const [key, stored] of view.list(selection.prefix, from)) {
      if (!isSelected(stored.object, selection)) continue;
      if (items.length === limit) {
        next = key;
        break;
      }
      items.push(itemOf(stored, kind.custom));
    }
    const isUnfiltered = selection.labels === undefined && selection.fields.length === 0;
    const {apiVersion} = typeMetaOf(kind);
    return {
      kind: kind.listKind,
      apiVersion,
      metadata: {
        resourceVersion: String(view.revision),
        ...(next !== undefined && {
          continue: encodeContinue({revision: view.revision, from: next}),
          ...(isUnfiltered && {remainingItemCount: view.count(selection.prefix, next)}),
        }),
      },
      items,
    };
  }

  #page(route: Route, query: Query): {view: View; from: string; limit: number} {
    const token = textOf(query, 'continue');
    const revision = revisionOf(query);
    const limitText = textOf(query, 'limit') || '0';
    if (!/^-?\d+$/.test(limitText)) {
      const text = `strconv.ParseInt: parsing ${JSON.stringify(limitText)}: invalid syntax`;
      throw badRequest(text);
    }
    const limit = Number(limitText) > 0 ? Number(limitText) : Number.POSITIVE_INFINITY;
    if (token !== '') {
      if (revision) {
        throw badRequest('specifying resource version is not allowed when using continue');
      }
      const {revision: at, from} = decodeContinue(token);
      const isAnyRevision = at < 0;
      const view = this.#viewAt(route, isAnyRevision ? this.#store.revision : at, from);
      return {view, from, limit};
    }
    const present = {view: this.#viewAt(route, this.#store.revision), from: '', limit};
    // The watch cache answers "any revision", and it knows no chunks.
    if (revision === 0) return {...present, limit: Number.POSITIVE_INFINITY};
    if (revision === undefined) return present;
    if (revision > this.#store.revision) throw tooLargeRevision(revision, this.#store.revision);
    const match = textOf(query, 'resourceVersionMatch');
    const isExact = match === 'Exact' || (match === '' && limit !== Number.POSITIVE_INFINITY);
    return isExact ? {view: this.#viewAt(route, revision), from: '', limit} : present;
  }

  #viewAt({collection}: Route, revision: number, from?: string): View {
    if (revision >= this.#store.compacted) return this.#store.viewAt(collection, revision);
    if (from === undefined) {
      throw expired('The resourceVersion for the provided list is too old.');
    }
    // -1: go on at whatever revision is current then.
    throw expired(TOO_OLD, encodeContinue({revision: -1, from}));
  }
}

/** Items of built-in kinds carry no apiVersion and kind, as the list says it. */
function itemOf({object}: StoredObject, keepsType: boolean): JsonObject {
  const copy: JsonObject = copyJson(object);
  if (!keepsType) {
    delete copy['apiVersion'];
    delete copy['kind'];
  }
  return copy;
}

function encodeContinue({revision, from}: Continue): string {
  const token = {v: CONTINUE_VERSION, rv: revision, start: from};
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function decodeContinue(token: string): Continue {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isObject(value) && typeof value['rv'] === 'number' && typeof value['start'] === 'string') {
      return {revision: value['rv'], from: value['start']};
    }
  } catch {
    // Falls through to the refusal.
  }
  throw badRequest('invalid continue token: continue key is not valid');
}
