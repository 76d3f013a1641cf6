/** Where requests of one class are placed: the workers of one tier, in the state of one batch. */
export interface OpenTier {
  /**
   * The rank for one request; -1 when no worker of the tier has room. As what is free only shrinks
   * within a batch, -1 once is -1 until its end.
   *
   * @param hash of the request's affinity key
   * @param isExplicit whether somebody chose that key
   */
  choose(hash: number, isExplicit: boolean): number;
  /** How the rank chosen last stands to the key: `NONE`, `NEAR` or `WARM`. */
  readonly affinity: number;
}

/** Levels of affinity as numbers: a text in a field costs the loop a write barrier and compares. */
export const NONE = 0;
export const NEAR = 1;
export const WARM = 2;

/** Workers that a key looks at before it takes whichever is best without it. */
export const MAX_PROBES = 8;

/** Slots that it looks at for them: at most three of four are empty, so 8 workers take about 32. */
export const MAX_ATTEMPTS = 64;
