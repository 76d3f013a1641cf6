import {ScheduledReason} from '../../api/reasons.ts';
import {defaultConfig} from '../../config.ts';
import {extremesOf} from '../burst/criterion.ts';
import {milliseconds, percent} from '../burst/units.ts';
import {type BrokenRound, type Cause, explainsTotal, type Finding, isNearFloor} from './cause.ts';
import {type CriterionKey, judge} from './criteria.ts';
import {type BurstFigures, capacityUpdatesOf, hitRateOf, type PerfFigures} from './figures.ts';
import {slowPhases} from './slowPhases.ts';

/** Shorter ones are the work of a batch and of garbage collection. */
const leastStallMs = 50;

/** What keeps requests from their place at all: then no time says much. */
const fitsNowhere: Cause = {
  name: 'requests that fit nowhere',
  explains: [
    ...(['placed', 'total', 'commits', 'hitRate', 'snapshots'] as const),
    ...(['even', 'decision', 'phases'] as const),
  ],
  find: ({ours: {waiting, requests, workers}}) => {
    const unplaceable = Object.entries(waiting).filter(([, why]) =>
      why.startsWith(`${ScheduledReason.Unplaceable}:`),
    );
    if (unplaceable.length === 0) return undefined;
    const [name, why] = unplaceable[0]!;
    return {
      evidence: `${unplaceable.length} of ${requests} requests on ${workers} workers wait; ${name}: ${why}`,
      change: '--workers, or spec.capacity of the Workers',
    };
  },
};

const batchingOff: Cause = {
  name: 'batching off',
  explains: ['updates', 'total', 'decision', 'phases'],
  find: ({ours: {batchSizes, leftWaiting}}) => {
    const greatest = Math.max(0, ...batchSizes);
    const full = batchSizes.filter((size) => size === greatest).length;
    const {maxRequests} = defaultConfig().batch;
    // What arrives while a batch is decided waits too: only batches that stay full are cut off.
    const isCut = full * 2 >= batchSizes.length && leftWaiting > greatest;
    if (!isCut || greatest >= maxRequests) return undefined;
    return {
      evidence: `${batchSizes.length} batches, ${full} of them of ${greatest}, while up to ${leftWaiting} more requests waited`,
      change: `batch.maxRequests (${maxRequests} by default)`,
    };
  },
};

const narrowWindow: Cause = {
  name: 'requests that come slower than a batch waits',
  explains: ['updates'],
  find: ({ours: {requests, batchSizes, createsMs}}) => {
    const {maxRequests, idleMs, maxMs} = defaultConfig().batch;
    if (Math.max(0, ...batchSizes) >= maxRequests) return undefined;
    return {
      evidence: `${batchSizes.length} batches, as creates came every ${milliseconds(createsMs / requests)}`,
      change: `batch.idleMs and batch.maxMs (${idleMs} and ${maxMs} ms by default)`,
    };
  },
};

const settingsOfLedger: Readonly<Record<string, string>> = {
  redis: 'ledger.redis.keyPrefix and ledger.name, and ledger.redis.commandTimeoutMs',
  kubernetes: 'ledger.name, and kubernetes.requestTimeoutMs',
};

const extraCommits: Cause = {
  name: 'more commits than batches',
  explains: ['commits', 'updates'],
  find: ({ours, ledger, broken}) => {
    const updates = capacityUpdatesOf(ours);
    if (!broken.has('commits') || updates <= ours.batchSizes.length) return undefined;
    return {
      evidence: `${updates} commits for ${ours.batchSizes.length} batches, of which the operator knows ${ours.commits}: the others are repeats of what got no answer, or of another writer`,
      change: settingsOfLedger[ledger] ?? 'ledger.name',
    };
  },
};

const cacheMisses: Cause = {
  name: 'cache misses',
  explains: ['hitRate', 'total', 'decision'],
  find: ({ours, broken}) => {
    const {cacheMisses: misses, cacheHits: hits, invalidations, outside} = ours;
    // The first one is the cold read, which everybody has.
    if (!broken.has('hitRate') || misses <= 1) return undefined;
    const lists =
      outside.workerLists === undefined ? '' : `, ${outside.workerLists} lists of Workers counted`;
    return {
      evidence: `${misses} reads of worker state waited for the API server, ${hits} decisions rested on memory: ${percent(hitRateOf(ours))} hits, ${invalidations} invalidations${lists}`,
      change: 'watch.silenceMs and watch.timeoutSeconds, after which Workers are listed again',
    };
  },
};

const loadBound: Cause = {
  name: 'load bound',
  explains: ['even'],
  find: ({ours, broken}) => {
    const {requests, workers, placed, affinity} = ours;
    if (!broken.has('even') || placed < requests) return undefined;
    const {least, most} = extremesOf(Object.values(ours.distribution), workers);
    const levels = Object.entries(affinity).map(([level, count]) => `${count} ${level}`);
    const times = ((most * workers) / requests).toFixed(2);
    return {
      evidence: `${least} to ${most} requests a worker, the most loaded ${times} times the mean; affinity ${levels.join(', ')}`,
      change:
        'spec.loadBound of the WorkerPool (1 is even, 1.25 the default), or its spec.strategy (Spread)',
    };
  },
};

const stall: Cause = {
  name: 'event-loop stall',
  explains: ['total', 'phases'],
  find: (round) => {
    const {totalMs, loopDelay, course} = round.ours;
    const {maxMs, p99Ms} = loopDelay;
    const decisionMs = Math.max(0, ...course.cycles.map(({phasesMs}) => phasesMs.place));
    if (maxMs < leastStallMs || decisionMs * 2 > maxMs) return undefined;
    if (round.broken.has('total') && !explainsTotal(maxMs, round)) return undefined;
    return {
      evidence: `the event loop was late by up to ${milliseconds(maxMs)} (p99 ${milliseconds(p99Ms)}) in a total of ${milliseconds(totalMs)}`,
      change:
        'a whole processor for this process; batch.maxRequests and watch.pageSize where batches and lists block it',
    };
  },
};

const slowServer: Cause = {
  name: 'slow API server',
  explains: ['total'],
  find: (round) => {
    const {floorMs} = round;
    const {totalMs, requests} = round.ours;
    if (totalMs === undefined || !isNearFloor(round)) return undefined;
    return {
      evidence: `total ${milliseconds(totalMs)}, and ${milliseconds(floorMs)} for the same ${requests} creates and status writes by a bare client: ${(totalMs / floorMs).toFixed(2)} times the floor`,
      change: 'none of Berth: the API server and the disk of its etcd are the limit',
    };
  },
};

const slowDecision: Cause = {
  name: 'slow decision',
  explains: ['decision'],
  find: ({ours: {busyMs, totalMs, batchSizes, requests}}) => {
    if (totalMs === undefined) return undefined;
    const each = (busyMs.place * 1000) / requests;
    return {
      evidence: `${milliseconds(busyMs.place)} of ${milliseconds(totalMs)} in ${batchSizes.length} batches, ${each.toFixed(0)} µs a request`,
      change: 'batch.maxRequests: fewer and larger batches decide in less',
    };
  },
};

/** In this order: what an earlier one explains is no news of a later one. */
const causes: readonly Cause[] = [
  ...[fitsNowhere, extraCommits, cacheMisses, loadBound, stall, batchingOff, narrowWindow],
  ...[slowServer, ...slowPhases, slowDecision],
];

/** The causes of what does not hold; none where every criterion does. */
export function diagnosis({rounds, targetMs, ledger}: PerfFigures): readonly Finding[] {
  const found = new Map<string, {finding: Finding; rounds: number}>();
  for (const round of rounds) {
    const judged = judge(round.ours, targetMs).filter(({holds}) => !holds);
    const broken = new Set(judged.map(({key}) => key));
    for (const finding of findingsOf({...round, ledger, broken})) {
      const before = found.get(finding.name);
      found.set(finding.name, {
        finding: before?.finding ?? finding,
        rounds: (before?.rounds ?? 0) + 1,
      });
    }
  }
  return [...found.values()].map(({finding, rounds: times}) =>
    rounds.length === 1
      ? finding
      : {...finding, evidence: `${finding.evidence} (${times} of ${rounds.length} rounds)`},
  );
}

function findingsOf(round: BrokenRound): readonly Finding[] {
  const left = new Set(round.broken);
  const findings: Finding[] = [];
  for (const {name, explains, find} of causes) {
    const isAsked = explains.some((key) => left.has(key));
    const finding = isAsked ? find(round) : undefined;
    if (!finding) continue;
    findings.push({name, ...finding});
    for (const key of explains) left.delete(key);
  }
  return left.size === 0 ? findings : [...findings, unknown(round.ours, [...left])];
}

/** A defect of Berth, or of the measurement. */
function unknown(ours: BurstFigures, keys: readonly CriterionKey[]): Finding {
  const {violations, waiting, accountedShare, rejected} = ours;
  const [name, why] = Object.entries(waiting)[0] ?? [];
  const said = [
    `${percent(accountedShare)} of the time has a phase`,
    `${rejected} rejected by the ledger`,
    ...violations.slice(0, 1),
    ...(name === undefined ? [] : [`${name} waits: ${why}`]),
  ];
  return {
    name: 'no known cause',
    evidence: `${keys.join(', ')} without a figure that says why; ${said.join('; ')}`,
    change: 'none known: please report it with the output of --json',
  };
}
