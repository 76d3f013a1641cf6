import type {CyclePhase, CycleSummary} from '../../observe/cycleSummary.ts';

/** Everything that a run measured; times in milliseconds. */
export interface DemoFigures {
  readonly server: string;
  readonly ledger: string;
  readonly requests: number;
  readonly workers: number;
  readonly targetMs: number;
  /** From the first create sent until the last placement seen by the independent watcher. */
  readonly totalMs: number;
  readonly createsMs: number;
  /** Create sent -> placement seen, of each request, ascending. */
  readonly latenciesMs: readonly number[];
  /** Absent where the operator runs elsewhere and cannot be looked into. */
  readonly inside: InsideFigures | undefined;
  readonly placed: number;
  readonly acknowledged: number;
  readonly distribution: ReadonlyMap<string, number>;
  readonly affinityLevels: ReadonlyMap<string, number>;
  readonly revisions: number;
  readonly violations: readonly string[];
  readonly waiting: ReadonlyMap<string, string>;
}

export interface InsideFigures {
  readonly cycles: readonly CycleSummary[];
  /** Reads of worker state that had to wait for a list of the API server; the cold first one is one. */
  readonly misses: number;
  readonly invalidations: number;
}

export interface Criterion {
  readonly holds: boolean;
  readonly sentence: string;
}

const phaseNames: Readonly<Record<CyclePhase, string>> = {
  batch: 'waiting for a batch',
  snapshot: 'snapshot',
  place: 'decision',
  assume: 'assume',
  commit: 'ledger commit',
  handOver: 'hand over to the writer',
};

/** What the run must have shown; the exit code says whether every one holds. */
export function criteria(figures: DemoFigures): readonly Criterion[] {
  const {
    requests,
    workers,
    placed,
    totalMs,
    targetMs,
    distribution,
    violations,
    acknowledged,
    inside,
  } = figures;
  const counts = [...distribution.values()];
  const most = Math.max(...counts);
  const least = Math.min(...counts);
  const spread = Math.ceil(requests / workers) - Math.floor(requests / workers);
  const outside: Criterion[] = [
    {holds: placed === requests, sentence: `all ${requests} requests placed: ${placed}`},
    {
      holds: totalMs < targetMs,
      sentence: `placed in under ${seconds(targetMs)}: ${seconds(totalMs)}`,
    },
    {
      holds: most - least <= spread,
      sentence: `even distribution: ${least === most ? `exactly ${most} each` : `${least} to ${most} each`}`,
    },
    {
      holds: violations.length === 0,
      sentence: `no worker over capacity, no request on two workers: ${violations.length} violations in ${figures.revisions} revisions`,
    },
    {
      holds: acknowledged === placed,
      sentence: `every placement acknowledged by its agent: ${acknowledged}`,
    },
  ];
  if (!inside) return outside;
  const cycles = batchesOf(inside);
  const batches = cycles.length;
  const commits = commitsOf(cycles);
  const hitRate = hitRateOf(inside);
  return [
    ...outside,
    {
      holds: commits === batches && batches > 0,
      sentence: `one ledger commit per batch: ${commits} for ${batches} batches, ${(commits / requests).toFixed(3)} per request`,
    },
    {
      holds: hitRate > 0.95,
      sentence: `cache hit rate above 95 %, the cold read counted as a miss: ${(hitRate * 100).toFixed(1)} %`,
    },
  ];
}

/** The report as lines of plain text. */
export function report(figures: DemoFigures): readonly string[] {
  const {inside} = figures;
  return [
    '',
    `${figures.requests} ContainerRequests on ${figures.workers} Workers, ${figures.server}, ${figures.ledger} ledger`,
    '',
    'Timing (clock: first create sent -> last placement seen by an independent watcher)',
    ...rows([
      ['total', milliseconds(figures.totalMs)],
      ['creates', milliseconds(figures.createsMs)],
      ['create -> placed, p50', milliseconds(quantile(figures.latenciesMs, 0.5))],
      ['create -> placed, p99', milliseconds(quantile(figures.latenciesMs, 0.99))],
    ]),
    ...(inside ? insideLines(figures, inside) : []),
    '',
    'Affinity',
    ...rows([...figures.affinityLevels].map(([level, count]) => [level, String(count)])),
    '',
    'Distribution',
    ...distributionLines(figures),
    ...waitingLines(figures.waiting),
    ...(figures.violations.length > 0
      ? ['', 'Violations', ...figures.violations.map((line) => `  ${line}`)]
      : []),
    '',
    'Criteria',
    ...criteria(figures).map(({holds, sentence}) => `  ${holds ? '✓' : '✗'} ${sentence}`),
    '',
  ];
}

function insideLines(figures: DemoFigures, inside: InsideFigures): readonly string[] {
  const cycles = batchesOf(inside);
  const commits = commitsOf(cycles);
  const sum = (phase: CyclePhase) =>
    cycles.reduce((total, cycle) => total + cycle.phasesMs[phase], 0);
  const phases = (Object.keys(phaseNames) as CyclePhase[]).map((phase): [string, string] => [
    phaseNames[phase],
    milliseconds(sum(phase)),
  ]);
  const {misses, invalidations} = inside;
  const decisions = decisionsOf(inside);
  return [
    '',
    `Phases (sum over ${cycles.length} cycles)`,
    ...rows(phases),
    '',
    'Resource efficiency',
    ...rows([
      ['batches', `${cycles.length} (sizes ${cycles.map((cycle) => cycle.batchSize).join(', ')})`],
      ['ledger commits', `${commits} (${(commits / figures.requests).toFixed(3)} per request)`],
      [
        'rejected by the ledger',
        String(cycles.reduce((total, cycle) => total + cycle.rejected, 0)),
      ],
      [
        'cache reads',
        `${decisions} decisions from memory, ${misses} cold reads: ${(hitRateOf(inside) * 100).toFixed(1)} %`,
      ],
      ['cache invalidations', String(invalidations)],
    ]),
  ];
}

function distributionLines({distribution, requests}: DemoFigures): readonly string[] {
  const widest = Math.max(...[...distribution.keys()].map((name) => name.length));
  const most = Math.max(1, ...distribution.values());
  return [...distribution].map(([name, count]) => {
    const bar = '█'.repeat(Math.round((count / most) * 30));
    return `  ${name.padEnd(widest)}  ${bar.padEnd(30)} ${String(count).padStart(3)}  ${((count / requests) * 100).toFixed(1)} %`;
  });
}

function waitingLines(waiting: ReadonlyMap<string, string>): readonly string[] {
  if (waiting.size === 0) return [];
  const shown = [...waiting].slice(0, 5).map(([name, reason]) => `  ${name}: ${reason}`);
  return ['', `Waiting (${waiting.size})`, ...shown];
}

function rows(pairs: readonly (readonly [string, string])[]): readonly string[] {
  return pairs.map(([label, value]) => `  ${`${label}:`.padEnd(26)} ${value}`);
}

function batchesOf({cycles}: InsideFigures): readonly CycleSummary[] {
  return cycles.filter((cycle) => cycle.batchSize > 0);
}

function commitsOf(cycles: readonly CycleSummary[]): number {
  return cycles.reduce((total, cycle) => total + cycle.commits, 0);
}

function decisionsOf(inside: InsideFigures): number {
  return batchesOf(inside).reduce((total, cycle) => total + cycle.batchSize, 0);
}

/** Every decision reads the state of all workers: from memory, but for those that waited for a list. */
function hitRateOf(inside: InsideFigures): number {
  const decisions = decisionsOf(inside);
  return share(decisions, decisions + inside.misses);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function quantile(ascending: readonly number[], q: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * q))] ?? Number.NaN;
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function seconds(value: number): string {
  return `${(value / 1000).toFixed(2)} s`;
}
