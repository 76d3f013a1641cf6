import {parseRequest} from './api/parseRequest.ts';
import {type ParsedWorker, parseWorker} from './api/parseWorker.ts';
import {fixedLimits} from './config.ts';
import {
  containerRequests,
  leases,
  nodes,
  pods,
  type Resource,
  workerPools,
  workers,
} from './kube/resource.ts';
import {fanOut, mapSink} from './lifecycle/fanOut.ts';
import {finishedSink, podSink} from './lifecycle/lifecycleSinks.ts';
import {parseHeartbeat} from './lifecycle/parseHeartbeat.ts';
import {parseNode} from './lifecycle/parseNode.ts';
import {type KnownPool, parseNodePool} from './lifecycle/parseNodePool.ts';
import {parsePod} from './lifecycle/parsePod.ts';
import {podLabels} from './lifecycle/podTemplate.ts';
import type {OperatorOptions, Stages} from './stages.ts';
import type {Selection} from './watch/listPage.ts';
import {type ObjectSink, Reflector} from './watch/reflector.ts';
import {poolSink, workerSink} from './watch/workerSinks.ts';

/** A reflector, whatever it mirrors. */
export type Mirror = Pick<Reflector<never>, 'run' | 'audit' | 'readConsistently' | 'waitingFor'>;

/** A field selector knows no "or": each final phase is watched by itself. */
const ended = ['status.phase=Succeeded', 'status.phase=Failed'] as const;
const notEnded = 'status.phase!=Succeeded,status.phase!=Failed';

/**
 * The sums in a Worker may be what a leader before this one still wrote: each state is compared.
 */
function shownWorkers(view: Stages['view']): ObjectSink<ParsedWorker> {
  return {
    replace(all) {
      for (const {worker} of all) view.changed(worker.name);
    },
    upsert: ({worker}) => view.changed(worker.name),
    remove: (name) => view.changed(name),
  };
}

/**
 * One list and watch for each kind, and the stages that it feeds. Requests that have ended are
 * watched apart: they may be a hundred thousand, and nobody waits for them. Starts nothing.
 *
 * @param onLease told of each state of each Lease in the operator's namespace, its own included
 */
export function createReflectors(
  options: OperatorOptions,
  stages: Stages,
  onLease: (object: unknown) => void,
) {
  const {metrics, config, transport, clock, random, log, namespace} = options;
  const {cache, router, lifecycle, lostWorkers, signs, nodeWorkers, view} = stages;
  const limits = {...fixedLimits.watch, ...config.watch};
  const reflect = <T>(
    resource: Resource,
    decode: (object: unknown) => T,
    sink: ObjectSink<T>,
    selection: Pick<Selection, 'fieldSelector' | 'labelSelector' | 'namespace'> = {},
  ): Mirror =>
    new Reflector<T>({
      transport,
      clock,
      random,
      log,
      resource,
      ...selection,
      decode,
      sink,
      limits,
      metrics: {
        relisted: () => metrics.relists.inc({resource: resource.plural}),
        unparsedLine: () => metrics.unparsedLines.inc({resource: resource.plural}),
        missed: (count) => metrics.missedEvents.inc({resource: resource.plural}, count),
      },
    });
  const workersTo = fanOut(
    workerSink(lostWorkers, log),
    signs.workers,
    nodeWorkers.workers,
    shownWorkers(view),
  );
  const poolsTo = fanOut(
    mapSink(({parsed}: KnownPool) => parsed, poolSink(cache, log)),
    nodeWorkers.pools,
  );
  const leasesTo = fanOut(mapSink(parseHeartbeat, signs.leases), {
    replace: (all) => all.forEach(onLease),
    upsert: onLease,
    remove: () => {},
  });
  const decisive = {
    requests: reflect(containerRequests, parseRequest, router, {fieldSelector: notEnded}),
    workers: reflect(workers, parseWorker, workersTo),
    pools: reflect(workerPools, parseNodePool, poolsTo),
    pods: reflect(pods, parsePod, podSink(lifecycle), {labelSelector: podLabels.requestUid}),
    leases: reflect(leases, (object) => object, leasesTo, {namespace}),
    nodes: reflect(nodes, parseNode, fanOut(signs.nodes, nodeWorkers.nodes)),
  };
  const finished = ended.map((fieldSelector) =>
    reflect(containerRequests, parseRequest, finishedSink(lifecycle), {fieldSelector}),
  );
  return {decisive, finished};
}
