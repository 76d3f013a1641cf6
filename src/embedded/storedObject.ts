import type {ApiObject} from './apiObject.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/**
 * One version of an object. Nobody changes `object` once it is here; whoever wants a copy takes it
 * from `json`. The texts are made once, when first asked for, and shared by every reader.
 */
export class StoredObject {
  readonly object: ApiObject;
  readonly revision: number;
  #json: string | undefined;
  #lines: Partial<Record<EventType, string>> = {};

  constructor(object: ApiObject, revision: number) {
    this.object = object;
    this.revision = revision;
  }

  get json(): string {
    this.#json ??= JSON.stringify(this.object);
    return this.#json;
  }

  /** The line of a watch that says so. */
  line(type: EventType): string {
    const line = this.#lines[type] ?? `{"type":"${type}","object":${this.json}}`;
    this.#lines[type] = line;
    return line;
  }

  /** Few still ask for the texts of a state that another one has followed. */
  dropTexts(): void {
    this.#json = undefined;
    this.#lines = {};
  }

  /** As it was, at the revision of the event that removed it from sight. */
  removedAt(revision: number): StoredObject {
    const metadata = {...this.object.metadata, resourceVersion: String(revision)};
    return new StoredObject({...this.object, metadata}, revision);
  }
}
