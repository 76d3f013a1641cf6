import type {Unavailable} from './ledger.ts';
import type {RedisConnection} from './redisConnection.ts';

/** Fields a page: about a millisecond of Redis each. */
const pageFields = 500;
/** Ends a scan that a broken server never ends; twenty times the largest ledger. */
const maxPages = 20_000;

/**
 * All fields of a hash, page by page, so that nobody waits for the whole of it. A field that stays
 * during the read is in it; one that comes or goes meanwhile may be.
 */
export async function readHash(
  connection: RedisConnection,
  key: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | Unavailable> {
  const all = new Map<string, string>();
  let cursor = '0';
  for (let pages = 0; pages < maxPages; pages++) {
    if (signal.aborted) return {kind: 'unavailable', cause: new Error('Stopped while reading')};
    const page = await connection.page(key, cursor, pageFields);
    if ('kind' in page) return page;
    for (const [field, value] of page.fields) all.set(field, value);
    cursor = page.next;
    if (cursor === '0') return all;
  }
  return {
    kind: 'unavailable',
    cause: new Error(`Cannot read ${key} as it must end within ${maxPages} pages of ${pageFields}`),
  };
}
