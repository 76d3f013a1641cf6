import {type Criterion, evenness, leastHitRate, leastReads} from '../burst/criterion.ts';
import {percent, seconds} from '../burst/units.ts';
import {type DemoFigures, summaryOf} from './figures.ts';

/** What the run must have shown; the exit code says whether every one holds. */
export function criteria(figures: DemoFigures): readonly Criterion[] {
  const {requests, placed, totalMs, targetMs, violations, acknowledged} = figures;
  const {isEven, text} = evenness(figures.distribution.values(), figures);
  const outside: Criterion[] = [
    {holds: placed === requests, sentence: `all ${requests} requests placed: ${placed}`},
    {
      holds: placed === requests && totalMs !== undefined && totalMs < targetMs,
      sentence: `placed in under ${seconds(targetMs)}: ${placed === requests ? seconds(totalMs) : 'not all were'}`,
    },
    {
      holds: placed > 0 && isEven,
      sentence: `even distribution: ${text}`,
    },
    {
      holds: violations.length === 0 && figures.revisions > 0,
      sentence: `no worker over capacity, no request on two workers: ${violations.length} violations in ${figures.revisions} revisions`,
    },
    {
      holds: acknowledged === placed,
      sentence: `every placement acknowledged by its agent: ${acknowledged}`,
    },
  ];
  const inside = summaryOf(figures).inside;
  if (!inside) return outside;
  const {batchSizes, commits, commitsPerRequest, cacheHitRate} = inside;
  const hits = {
    holds: cacheHitRate > leastHitRate,
    sentence: `cache hit rate above 95 %, the cold read counted as a miss: ${percent(cacheHitRate)}`,
  };
  return [
    ...outside,
    {
      holds: commits === batchSizes.length && commits > 0,
      sentence: `one ledger commit per batch: ${commits} for ${batchSizes.length} batches, ${commitsPerRequest.toFixed(3)} per request`,
    },
    ...(requests < leastReads ? [] : [hits]),
  ];
}

/** The criteria that do not hold. */
export function failed(figures: DemoFigures): readonly Criterion[] {
  return criteria(figures).filter(({holds}) => !holds);
}
