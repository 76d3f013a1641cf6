import {compareResourceVersions, isOlder} from '../api/resourceVersion.ts';
import {BoundedMap} from '../lib/boundedMap.ts';
import type {ObjectIdentity} from './identity.ts';

/** All that a reflector keeps of an object: the decoded one lives in the sink. */
export interface Held {
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * Which state of which object the sink has, by key. Nothing in it ever goes back: an event that is
 * not newer than what is held, than the last whole list, or than a remembered deletion is old.
 */
export class HeldObjects {
  #byKey = new Map<string, Held>();
  /** The version of each deletion. */
  readonly #deletions: BoundedMap<string, string>;
  /** Everything up to this version is in. */
  #floor: string | undefined;
  #forgottenDeletions = 0;

  constructor(maxDeletions: number) {
    this.#deletions = new BoundedMap(maxDeletions);
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Deletions no longer remembered, as too many came after them. */
  get forgottenDeletions(): number {
    return this.#forgottenDeletions;
  }

  get(key: string): Held | undefined {
    return this.#byKey.get(key);
  }

  entries(): Iterable<[string, Held]> {
    return this.#byKey.entries();
  }

  isOld({key, resourceVersion}: ObjectIdentity): boolean {
    return (
      notNewer(resourceVersion, this.#floor) ||
      notNewer(resourceVersion, this.#byKey.get(key)?.resourceVersion) ||
      notNewer(resourceVersion, this.#deletions.get(key))
    );
  }

  put({key, uid, resourceVersion}: ObjectIdentity): void {
    this.#byKey.set(key, {uid, resourceVersion});
    this.#deletions.delete(key);
  }

  /** @param resourceVersion version of the deletion itself */
  drop(key: string, resourceVersion: string): void {
    this.#byKey.delete(key);
    if (this.#deletions.put(key, resourceVersion)) this.#forgottenDeletions++;
  }

  wasDeletedSince(key: string, resourceVersion: string): boolean {
    const deletion = this.#deletions.get(key);
    return deletion !== undefined && !isOlder(deletion, resourceVersion);
  }

  /** Takes a whole list in the place of everything. The floor may go back: then history did. */
  swap(byKey: Map<string, Held>, resourceVersion: string): void {
    this.#byKey = byKey;
    this.#deletions.clear();
    this.#floor = resourceVersion;
  }

  /** Everything up to `resourceVersion` is in. */
  raiseFloor(resourceVersion: string): void {
    if (this.#floor === undefined || isOlder(this.#floor, resourceVersion)) {
      this.#floor = resourceVersion;
    }
  }
}

function notNewer(resourceVersion: string, than: string | undefined): boolean {
  if (than === undefined) return false;
  const order = compareResourceVersions(resourceVersion, than);
  return order !== undefined && order <= 0;
}
