import {Counter, collectDefaultMetrics, Gauge, Histogram, Registry} from 'prom-client';
import type {CycleSummary} from './cycleSummary.ts';

const secondsBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/**
 * The Prometheus metrics. Names are kubebuilder's and client-go's where those exist
 * (`workqueue_*`, `rest_client_*`, `leader_election_master_status`); Berth's own start with
 * `berth_`. Labels hold closed sets only: no request, worker or key name ever becomes one.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];
  readonly #gauges = new Map<string, Map<string, () => number>>();

  readonly cycles = this.#counter(
    'berth_cycles_total',
    'Scheduling cycles that decided at least one request.',
  );
  readonly commits = this.#counter(
    'berth_ledger_commits_total',
    'Ledger updates: one for each cycle that changed anything.',
    'ledger',
    'for',
  );
  readonly cyclePhase = this.#histogram(
    'berth_cycle_phase_duration_seconds',
    'Time of each phase of a cycle.',
    secondsBuckets,
    'phase',
  );
  readonly batchSize = this.#histogram(
    'berth_batch_size',
    'Requests a batch.',
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  );
  readonly decisions = this.#counter(
    'berth_decisions_total',
    'Decisions by outcome: accepted, rejected (by the ledger), unplaced.',
    'outcome',
  );
  readonly statusOutcomes = this.#counter(
    'berth_status_outcomes_total',
    'Ends of status writes, by what they were for (bind, pending) and their outcome.',
    'for',
    'outcome',
  );
  readonly queueDuration = this.#histogram(
    'workqueue_queue_duration_seconds',
    'From the moment a request was seen without a worker until its placement was written.',
    secondsBuckets,
  );
  readonly refusedRequests = this.#counter(
    'berth_requests_refused_total',
    'Requests seen and not taken into the queue, as queue.maxRequests are known.',
  );
  readonly refusedWorkers = this.#counter(
    'berth_workers_refused_total',
    'Events of Workers that were seen and not taken, as queue.maxWorkers are known.',
  );
  readonly ledgerOutages = this.#counter(
    'berth_ledger_outages_total',
    'Times that commits stopped as the ledger was unavailable.',
  );
  readonly missedEvents = this.#counter(
    'berth_watch_missed_events_total',
    'Differences that the audit of the cache found against a fresh list.',
    'resource',
  );
  readonly relists = this.#counter(
    'berth_watch_relists_total',
    'Lists taken, first ones included.',
    'resource',
  );
  readonly unparsedLines = this.#counter(
    'berth_watch_unparsed_lines_total',
    'Lines of a watch that were no event.',
    'resource',
  );
  readonly events = this.#counter(
    'berth_events_total',
    'Kubernetes Events by fate: written, dropped, failed.',
    'fate',
  );
  readonly apiRequests = this.#counter(
    'rest_client_requests_total',
    'Calls to the API server by method and HTTP status.',
    'method',
    'code',
  );

  constructor() {
    collectDefaultMetrics({register: this.registry});
  }

  #counter<Label extends string = never>(
    name: string,
    help: string,
    ...labelNames: Label[]
  ): Counter<Label> {
    return new Counter({name, help, labelNames, registers: this.#registers});
  }

  #histogram<Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: Label[]
  ): Histogram<Label> {
    return new Histogram({name, help, buckets, labelNames, registers: this.#registers});
  }

  /**
   * Serves a number that is kept elsewhere, read at each scrape; by label value when it has one.
   */
  gauge(
    name: string,
    help: string,
    read: () => number,
    label?: readonly [name: string, value: string],
  ): void {
    const readers = this.#gauges.get(name) ?? new Map<string, () => number>();
    readers.set(label?.[1] ?? '', read);
    if (this.#gauges.has(name)) return;
    this.#gauges.set(name, readers);
    new Gauge({
      name,
      help,
      labelNames: label ? [label[0]] : [],
      registers: this.#registers,
      collect() {
        for (const [value, reader] of readers) {
          if (label) this.set({[label[0]]: value}, reader());
          else this.set(reader());
        }
      },
    });
  }

  /** Records everything that one cycle did. */
  cycle(ledger: string, summary: CycleSummary): void {
    const isFlush = summary.batchSize === 0;
    if (summary.commits > 0) this.commits.inc({ledger, for: isFlush ? 'releases' : 'batch'});
    if (isFlush) return;
    this.cycles.inc();
    this.batchSize.observe(summary.batchSize);
    this.decisions.inc({outcome: 'accepted'}, summary.accepted);
    this.decisions.inc({outcome: 'rejected'}, summary.rejected);
    this.decisions.inc({outcome: 'unplaced'}, summary.unplaced);
    for (const [phase, elapsedMs] of Object.entries(summary.phasesMs)) {
      this.cyclePhase.observe({phase}, elapsedMs / 1000);
    }
  }
}
