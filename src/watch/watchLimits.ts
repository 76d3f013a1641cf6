/** Limits of one list+watch; `config.ts` has their values. */
export interface WatchLimits {
  /** Objects a list page. */
  readonly pageSize: number;
  /** A list of more objects comes later than the bookmark of a brief watch, and costs far more. */
  readonly longList: number;
  /** The server is asked to end a watch after this and up to as much again. */
  readonly timeoutSeconds: number;
  /** What it is asked for where a bookmark is wanted soon: kube-apiserver sends it 2 s before. */
  readonly briefSeconds: number;
  /** A watch without even a bookmark for so long is dropped. */
  readonly silenceMs: number;
  /** First backoff, full jitter. */
  readonly backoffBaseMs: number;
  /** Longest backoff. */
  readonly backoffMaxMs: number;
  /** A watch that lived so long was a success: the next failure starts from the first backoff. */
  readonly usefulMs: number;
  /** Connections lost at one version without any progress, after which a new list is taken. */
  readonly stuckTries: number;
  /** Keys lately deleted that are remembered, so that a late event does not bring one back. */
  readonly rememberedDeletions: number;
  /** How long an audit waits for the watch to deliver what the list has already shown. */
  readonly auditGraceMs: number;
  /** More differences than this are repaired by a new list, swapped in whole. */
  readonly maxRepairs: number;
}
