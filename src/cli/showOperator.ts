import type {Metrics} from '../observe/metrics.ts';
import type {Operator} from '../operator.ts';

/** Puts the numbers that the stages keep themselves among the metrics, read at each scrape. */
export function showOperator(operator: Operator, metrics: Metrics, leaseName: string): void {
  const {cache, queue, writer, update} = operator.stages;
  const lead = () => (operator.isLeader ? 1 : 0);
  metrics.gauge('leader_election_master_status', 'Whether this replica leads.', lead, [
    'name',
    leaseName,
  ]);
  for (const state of ['ready', 'parked', 'inFlight', 'delayed'] as const) {
    metrics.gauge(
      'workqueue_depth',
      'Requests without a worker, by state.',
      () => queue.counts[state],
      ['name', state],
    );
  }
  metrics.gauge('berth_workers', 'Workers known.', () => cache.workerCount);
  metrics.gauge(
    'berth_assumed',
    'Placements decided and not yet seen bound.',
    () => cache.assumedCount,
  );
  metrics.gauge(
    'berth_status_outstanding',
    'Status writes without an outcome.',
    () => writer.outstanding,
  );
  metrics.gauge(
    'berth_releases_waiting',
    'Releases for the next ledger update.',
    () => update.releaseCount,
  );
  const {cacheStats} = cache;
  const reads = Object.keys(cacheStats) as (keyof typeof cacheStats)[];
  for (const name of reads) {
    metrics.gauge(
      'berth_cache_snapshots',
      'Snapshots of the worker cache, by kind.',
      () => cache.cacheStats[name],
      ['kind', name],
    );
  }
}
