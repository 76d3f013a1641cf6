import {Counter, collectDefaultMetrics, Gauge, Histogram, Registry} from 'prom-client';
import type {CycleSummary} from './cycleSummary.ts';

const secondsBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/**
 * The Prometheus metrics. Names are kubebuilder's and client-go's where those exist
 * (`workqueue_*`, `rest_client_*`, `leader_election_master_status`); Berth's own start with `berth_`.
 * Labels hold closed sets only: no request, worker or key name ever becomes one.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];
  readonly #gauges = new Map<string, Map<string, () => number>>();

  readonly cycles = new Counter({
    name: 'berth_cycles_total',
    help: 'Scheduling cycles that decided at least one request.',
    registers: this.#registers,
  });
  readonly commits = new Counter({
    name: 'berth_ledger_commits_total',
    help: 'Ledger updates: one for each cycle that changed anything.',
    labelNames: ['ledger', 'for'] as const,
    registers: this.#registers,
  });
  readonly cyclePhase = new Histogram({
    name: 'berth_cycle_phase_duration_seconds',
    help: 'Time of each phase of a cycle.',
    labelNames: ['phase'] as const,
    buckets: secondsBuckets,
    registers: this.#registers,
  });
  readonly batchSize = new Histogram({
    name: 'berth_batch_size',
    help: 'Requests a batch.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers: this.#registers,
  });
  readonly decisions = new Counter({
    name: 'berth_decisions_total',
    help: 'Decisions by outcome: accepted, rejected (by the ledger), unplaced.',
    labelNames: ['outcome'] as const,
    registers: this.#registers,
  });
  readonly statusOutcomes = new Counter({
    name: 'berth_status_outcomes_total',
    help: 'Ends of status writes, by what they were for (bind, pending) and their outcome.',
    labelNames: ['for', 'outcome'] as const,
    registers: this.#registers,
  });
  readonly queueDuration = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'From the moment a request was seen without a worker until its placement was written.',
    buckets: secondsBuckets,
    registers: this.#registers,
  });
  readonly refusedRequests = new Counter({
    name: 'berth_requests_refused_total',
    help: 'Requests seen and not taken into the queue, as queue.maxRequests are known.',
    registers: this.#registers,
  });
  readonly ledgerOutages = new Counter({
    name: 'berth_ledger_outages_total',
    help: 'Times that commits stopped as the ledger was unavailable.',
    registers: this.#registers,
  });
  readonly missedEvents = new Counter({
    name: 'berth_watch_missed_events_total',
    help: 'Differences that the audit of the cache found against a fresh list.',
    labelNames: ['resource'] as const,
    registers: this.#registers,
  });
  readonly relists = new Counter({
    name: 'berth_watch_relists_total',
    help: 'Lists taken, first ones included.',
    labelNames: ['resource'] as const,
    registers: this.#registers,
  });
  readonly unparsedLines = new Counter({
    name: 'berth_watch_unparsed_lines_total',
    help: 'Lines of a watch that were no event.',
    labelNames: ['resource'] as const,
    registers: this.#registers,
  });
  readonly events = new Counter({
    name: 'berth_events_total',
    help: 'Kubernetes Events by fate: written, dropped, failed.',
    labelNames: ['fate'] as const,
    registers: this.#registers,
  });
  readonly apiRequests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Calls to the API server by method and HTTP status.',
    labelNames: ['method', 'code'] as const,
    registers: this.#registers,
  });

  constructor() {
    collectDefaultMetrics({register: this.registry});
  }

  /** Serves a number that is kept elsewhere, read at each scrape; by label value when it has one. */
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
