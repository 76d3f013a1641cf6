import type {Entry} from './entry.ts';

/**
 * Doubly linked list through the entries themselves: every change at either end or inside is O(1).
 */
export class EntryList {
  #first: Entry | undefined;
  #last: Entry | undefined;

  get first(): Entry | undefined {
    return this.#first;
  }

  prepend(entry: Entry): void {
    entry.next = this.#first;
    if (this.#first) this.#first.previous = entry;
    else this.#last = entry;
    this.#first = entry;
  }

  append(entry: Entry): void {
    entry.previous = this.#last;
    if (this.#last) this.#last.next = entry;
    else this.#first = entry;
    this.#last = entry;
  }

  remove(entry: Entry): void {
    if (entry.previous) entry.previous.next = entry.next;
    else this.#first = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
    else this.#last = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
  }
}
