import {CHANGES, keyMovement} from '../keyMovement.ts';
import {SPREAD_SIZES, spreadQuality} from '../spreadQuality.ts';
import {KEYINGS} from './keys.ts';
import {printTable} from './measure.ts';

const SEEDS = 20;

/** How evenly requests are spread, and how often they meet their key. Deterministic. */
export function reportSpread(): void {
  const rows = SPREAD_SIZES.flatMap(({workers, requests}) =>
    KEYINGS.map((keying) => {
      const seeds = requests > 1_000 ? 5 : SEEDS;
      const quality = spreadQuality({workers, requests, keying}, seeds);
      const hasKeys = keying !== 'no keys';
      const percent = (share: number) => (hasKeys ? `${(100 * share).toFixed(1)} %` : '-');
      return [
        `${workers} x ${requests}, ${keying}`,
        quality.meanMaxOverMean.toFixed(3),
        quality.worstMaxOverMean.toFixed(3),
        percent(quality.warmShare),
        percent(quality.leastWarmShare),
        percent(quality.metShare),
        percent(quality.leastLoadedMetShare),
      ];
    }),
  );
  printTable(
    `spread at load bound 1.25, mean and worst of ${SEEDS} draws of the keys (5 of 10,000 requests)\n` +
      'met: of the requests whose key was there before, those on a worker that has it',
    ['load', 'max/mean', 'worst', 'warm', 'least', 'met', 'met by least-loaded'],
    rows,
  );
}

/** Which share of 20,000 keys has another first worker after one of N changed. Deterministic. */
export function reportMovement(): void {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const rows = [20, 100, 1_000].flatMap((count) =>
    CHANGES.map((change) => {
      const movement = keyMovement(count, change, 10);
      return [
        `${count} workers, one ${change}`,
        percent(movement.moved),
        percent(movement.ideal),
        percent(movement.movedInVain),
        percent(movement.hashModN),
      ];
    }),
  );
  printTable(
    'keys with another first worker, mean over 10 workers that it happens to',
    ['change', 'moved', 'ideal', 'in vain', 'hash mod N'],
    rows,
  );
}
