/** An object of the API server before anybody looked at it. */
export type RawObject = Readonly<Record<string, unknown>>;

const EMPTY: RawObject = Object.freeze({});

/** `value` where it is an object, else an empty one: reading on from it finds nothing. */
export function asObject(value: unknown): RawObject {
  return typeof value === 'object' && value !== null ? (value as RawObject) : EMPTY;
}

/** `value` where it is a text, else the empty one. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** `value` where it is a whole number of at least 0, else `fallback`. */
export function asCount<Fallback>(value: unknown, fallback: Fallback): number | Fallback {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : fallback;
}

/** Milliseconds since the epoch of an RFC 3339 time; undefined where it is none. */
export function asTimeMs(value: unknown): number | undefined {
  const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
