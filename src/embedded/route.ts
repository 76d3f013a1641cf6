import {badRequest, methodNotAllowed, pageNotFound, type Refusal, refuse} from './apiStatus.ts';
import type {Collection} from './collection.ts';
import type {Kind} from './kind.ts';

/** What a path names. */
export interface Route {
  readonly kind: Kind;
  readonly collection: Collection;
  /** Absent: of all namespaces, or cluster-scoped. */
  readonly namespace: string | undefined;
  /** Absent: the collection. */
  readonly name: string | undefined;
  readonly subresource: 'status' | undefined;
}

interface Parts {
  /** `group/version`; `/v1` of the core group. */
  readonly groupVersion: string;
  readonly namespace: string | undefined;
  readonly plural: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Kinds by group, version and plural. */
export class Routes {
  readonly #collections = new Map<string, {kind: Kind; collection: Collection}>();
  readonly #builtInGroups = new Set<string>();

  add(kind: Kind, collection: Collection): void {
    const {group, version, plural} = kind.resource;
    this.#collections.set(`${group}/${version}/${plural}`, {kind, collection});
    if (!kind.custom) this.#builtInGroups.add(`${group}/${version}`);
  }

  /** Serves the kinds of one plural no more. */
  delete(group: string, plural: string): void {
    for (const [id, {kind}] of this.#collections) {
      const {resource} = kind;
      if (resource.group === group && resource.plural === plural) this.#collections.delete(id);
    }
  }

  /** @throws Refusal 404 */
  resolve(path: string): Route {
    const parts = split(path);
    if (!parts) throw pageNotFound();
    const found = this.#collections.get(`${parts.groupVersion}/${parts.plural}`);
    if (!found) {
      throw this.#builtInGroups.has(parts.groupVersion) ? unknownResource() : pageNotFound();
    }
    const {kind, collection} = found;
    const {namespace, name, subresource} = parts;
    const isNamed = name !== undefined;
    if (kind.resource.namespaced ? isNamed && namespace === undefined : namespace !== undefined) {
      throw kind.custom ? pageNotFound() : unknownResource();
    }
    if (subresource !== undefined && (subresource !== 'status' || !kind.statusSubresource)) {
      throw kind.custom ? unknownSubresource(kind, name!) : unknownResource();
    }
    return {kind, collection, namespace, name, subresource};
  }
}

/** Why the method does not go with the path. */
export function refuseMethod({kind, name}: Route, method: string): Refusal {
  if (!kind.custom) return methodNotAllowed();
  // The two servers behind one address word it differently.
  if (name === undefined && (method === 'PUT' || method === 'PATCH')) {
    return badRequest('name must be provided');
  }
  return method === 'POST' || method === 'DELETE' ? pageNotFound() : methodNotAllowed();
}

function unknownResource(): Refusal {
  return refuse(404, 'NotFound', 'the server could not find the requested resource', {});
}

function unknownSubresource({resource: {group, plural}}: Kind, name: string): Refusal {
  const details = {name, group, kind: plural};
  return refuse(404, 'NotFound', `${plural}.${group} "${name}" not found`, details);
}

function split(path: string): Parts | undefined {
  const [empty, root, ...rest] = path.split('/');
  if (empty !== '' || rest.includes('')) return undefined;
  const group = root === 'apis' ? rest.shift() : root === 'api' ? '' : undefined;
  const version = rest.shift();
  if (group === undefined || version === undefined) return undefined;
  const groupVersion = `${group}/${version}`;
  const isNamespaceItself = group === '' && ['status', 'finalize'].includes(rest[2] ?? '');
  if (rest[0] === 'namespaces' && rest.length >= 3 && !isNamespaceItself) {
    const [, namespace, plural, name, subresource, ...more] = rest;
    if (more.length > 0) return undefined;
    return {groupVersion, namespace, plural: plural!, name, subresource};
  }
  const [plural, name, subresource, ...more] = rest;
  if (plural === undefined || more.length > 0) return undefined;
  return {groupVersion, namespace: undefined, plural, name, subresource};
}
