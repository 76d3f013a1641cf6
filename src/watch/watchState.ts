/**
 * Where a list+watch stands.
 *
 * ```
 *            (WatchList)                        line that does not parse, reset, silence, end
 *          +--> Streaming --initial events end--+   +----------------------------------+
 *          |        | not supported             v   v                                  |
 *  Empty --+        +--> Empty (by pages)     Watching(resourceVersion) --> Backoff(until, next)
 *    ^     |                                    ^       |
 *    |     +--> Listing(continue token) --last--+       +--> Empty: 410, relist asked for,
 *    |              |    ^ | next page                       history of the server went back
 *    |              |    +-+
 *    +--------------+ 410 in the middle, or older than what was seen
 * ```
 */
export type WatchState =
  /** Nothing is known, or what is known can no longer be trusted. */
  | {readonly kind: 'Empty'; readonly read: ReadMode}
  /** A list is being read page by page; what it has so far is not yet in use. */
  | {
      readonly kind: 'Listing';
      readonly read: ReadMode;
      readonly continueToken: string | undefined;
    }
  /** WatchList: the server streams what exists; what came so far is not yet in use. */
  | {readonly kind: 'Streaming'; readonly read: ReadMode}
  /** Everything up to `resourceVersion` is known; a watch from there is open or to be opened. */
  | {readonly kind: 'Watching'; readonly resourceVersion: string}
  | {readonly kind: 'Backoff'; readonly untilMs: number; readonly next: WatchState};

/**
 * `consistent`: no older than the moment of the call, at the price of a quorum read.
 * `cached`: as new as what was seen before; any state at all when nothing was.
 */
export type ReadMode = 'consistent' | 'cached';
