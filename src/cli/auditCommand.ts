import {readFileSync} from 'node:fs';
import {LiveAudit} from '../audit/liveAudit.ts';
import type {LedgerRecord} from '../audit/observed.ts';
import {RedisLedgerReader} from '../audit/redisLedgerReader.ts';
import type {Violation} from '../audit/violation.ts';
import {type Connection, connect} from '../kube/connect.ts';
import {readCredentials} from '../ledger/redisCredentials.ts';
import {sleep, systemClock} from '../lib/clock.ts';
import {errorOf} from '../lib/errorOf.ts';
import {loadConfig} from './settings.ts';

export interface AuditOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  /** Of the operator. */
  readonly config?: string;
  /** Milliseconds; until SIGINT or SIGTERM when absent. */
  readonly for?: number;
  readonly once?: boolean;
  /** Milliseconds. */
  readonly grace: number;
  /** Milliseconds. */
  readonly crossing: number;
  readonly leaseName: string;
  readonly json?: boolean;
}

const violatedExitCode = 1;
const unableExitCode = 2;
const tickMs = 1_000;
const summaryMs = 5_000;

/**
 * `berth audit`: watches a cluster and says what is wrong there. The exit code is 0 when nothing
 * was, 1 after a violation, 2 when it could not be judged.
 */
export async function runAudit(options: AuditOptions): Promise<void> {
  const say = options.json ? sayJson : sayText;
  const {signal: stop, cancel} = stopSignal(options);
  let connection: Connection | undefined;
  let redis: RedisWitness | undefined;
  try {
    redis = options.config === undefined ? undefined : redisWitness(options.config, say);
    connection = await connect(
      {
        ...(options.kubeconfig !== undefined && {kubeconfigPath: options.kubeconfig}),
        ...(options.context !== undefined && {context: options.context}),
      },
      stop,
    );
    const audit = new LiveAudit({
      transport: connection.transport,
      clock: systemClock,
      namespace: options.namespace,
      leaseName: options.leaseName,
      graceMs: options.grace,
      crossingMs: options.crossing,
      onViolation: (violation) => say({event: 'violation', ...violation}),
      ...(redis && {readLedger: redis.read}),
    });
    await audit.start(stop);
    const {watching, unseen} = audit;
    const server = `API server ${connection.serverVersion} at ${connection.url}`;
    const read = redis ? [redis.what] : [];
    say({event: 'watching', server, watching: [...watching, ...read], unseen});
    if (!options.once) await watch(audit, stop, say);
    await audit.close();
    const violations = audit.auditor.violationCount;
    say({event: 'end', ...audit.auditor.counts, violations});
    if (violations > 0) process.exitCode = violatedExitCode;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`berth: ${message}\n`);
    process.exitCode = unableExitCode;
  } finally {
    cancel();
    redis?.close();
    await connection?.transport.close();
  }
}

async function watch(audit: LiveAudit, stop: AbortSignal, say: Say): Promise<void> {
  const over = new AbortController();
  const end = AbortSignal.any([stop, over.signal]);
  const ended = audit.ended().finally(() => over.abort());
  // Awaited below; what breaks meanwhile must not count as unhandled.
  ended.catch(() => {});
  let summaryAtMs = systemClock.monotonicMs() + summaryMs;
  while (!end.aborted) {
    await sleep(systemClock, tickMs, end);
    if (end.aborted) break;
    await audit.tick(end);
    if (systemClock.monotonicMs() < summaryAtMs) continue;
    summaryAtMs += summaryMs;
    const {auditor, heldCount} = audit;
    const violations = auditor.violationCount;
    say({event: 'summary', ...auditor.counts, held: heldCount, violations});
  }
  if (!stop.aborted) await ended;
}

interface RedisWitness {
  /** For people. */
  readonly what: string;
  readonly read: () => Promise<readonly LedgerRecord[] | undefined>;
  readonly close: () => void;
}

/**
 * The ledger in Redis that an operator with this config file keeps; undefined where it keeps
 * another one. That it cannot be read is said once, until it can again: that is no violation.
 */
function redisWitness(configFile: string, say: Say): RedisWitness | undefined {
  const {ledger} = loadConfig({flags: {}, environment: process.env, configFile});
  if (ledger.kind !== 'redis') return undefined;
  const {url, keyPrefix, commandTimeoutMs, passwordFile, tls, username} = ledger.redis;
  const key = `${keyPrefix}:{${ledger.name}}:allocations`;
  const isSecret = tls.enabled || url.startsWith('rediss:');
  const password = passwordFile && readFileSync(passwordFile, 'utf8').trim();
  const credentials = readCredentials({url, username, password, ...(isSecret && {tls})});
  const reader = new RedisLedgerReader({url, key, timeoutMs: commandTimeoutMs, ...credentials});
  let isOut = false;
  const read = async () => {
    try {
      const records = await reader.read();
      isOut = false;
      return records;
    } catch (error) {
      if (!isOut) say({event: 'ledger unread', cause: errorOf(error).message});
      isOut = true;
      return undefined;
    }
  };
  return {what: `${key} of Redis`, read, close: () => reader.close()};
}

type Counts = LiveAudit['auditor']['counts'] & {readonly violations: number};
type Line =
  | {readonly event: 'ledger unread'; readonly cause: string}
  | {
      readonly event: 'watching';
      readonly server: string;
      readonly watching: readonly string[];
      readonly unseen: readonly string[];
    }
  | ({readonly event: 'violation'} & Violation)
  | ({readonly event: 'summary'; readonly held: number} & Counts)
  | ({readonly event: 'end'} & Counts);
type Say = (line: Line) => void;

function sayJson(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function sayText(line: Line): void {
  process.stdout.write(`${textOf(line).join('\n')}\n`);
}

function textOf(line: Line): readonly string[] {
  switch (line.event) {
    case 'watching':
      return [
        `Auditing ${line.server}`,
        `  watching ${line.watching.join(', ')}`,
        ...line.unseen.map((kind) => `  not watching ${kind}: what hinges on them is not judged`),
      ];
    case 'ledger unread':
      return [`The ledger is not compared at present: ${line.cause}`];
    case 'violation':
      return [
        `VIOLATION ${line.rule} at revision ${line.resourceVersion}`,
        `  found    ${line.found}`,
        `  expected ${line.expected}`,
        `  objects  ${line.objects.join(', ')}`,
      ];
    case 'summary':
      return [`${countsOf(line)}, ${line.held} events held for their turn`];
    case 'end':
      return [countsOf(line), ...remarksOn(line), verdictOf(line)];
  }
}

function countsOf(counts: Counts): string {
  const {revisions, placed, requests, workers, violations} = counts;
  return `${revisions} revisions, ${placed} of ${requests} requests placed on ${workers} workers, ${violations} violations`;
}

/** What is no violation and yet limits what the verdict says. */
function remarksOn({gaps, skipped, overloaded, crossings, lateBinds}: Counts): readonly string[] {
  const remarks: readonly (readonly [number, string])[] = [
    [gaps, `lists closed what the watches had not brought: ${skipped} objects changed unseen`],
    [overloaded, 'workers were edited below what they hold'],
    [crossings, 'placements were on their way when their worker shrank or went'],
    [lateBinds, 'binds of an earlier leader came after the first one of its successor'],
  ];
  return remarks.filter(([count]) => count > 0).map(([count, text]) => `  ${count} ${text}`);
}

function verdictOf({violations, revisions}: Counts): string {
  return violations === 0
    ? `No violation in ${revisions} revisions.`
    : `${violations} violations in ${revisions} revisions.`;
}

/** Aborts at the end of `--for`, or at SIGINT or SIGTERM; the second one ends at once. */
function stopSignal({for: forMs}: AuditOptions): {signal: AbortSignal; cancel: () => void} {
  const stop = new AbortController();
  const cancel = forMs === undefined ? () => {} : systemClock.setTimer(forMs, () => stop.abort());
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(unableExitCode);
      stop.abort();
    });
  }
  return {signal: stop.signal, cancel};
}
