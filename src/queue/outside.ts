import type {RequestKey, RequestRecord} from '../api/records.ts';
import {Heap} from '../lib/heap.ts';
import {goesBefore} from './entry.ts';

interface Place {
  record: RequestRecord;
  index: number;
}

/**
 * Who found the queue full, best first: no event would bring them again. O(log size) each call.
 */
export class Outside {
  readonly #places = new Map<RequestKey, Place>();
  readonly #best = new Heap<Place>({
    before: goesBefore,
    moved: (place, index) => {
      place.index = index;
    },
  });

  /** A newer record takes the place of an older one of its key. */
  set(record: RequestRecord): void {
    const known = this.#places.get(record.key);
    if (known) {
      known.record = record;
      this.#best.update(known.index);
      return;
    }
    const place = {record, index: -1};
    this.#places.set(record.key, place);
    this.#best.push(place);
  }

  delete(key: RequestKey): void {
    const place = this.#places.get(key);
    if (!place) return;
    this.#places.delete(key);
    this.#best.removeAt(place.index);
  }

  /** The one that comes in first; it leaves. */
  shift(): RequestRecord | undefined {
    const best = this.#best.pop();
    if (best) this.#places.delete(best.record.key);
    return best?.record;
  }
}
