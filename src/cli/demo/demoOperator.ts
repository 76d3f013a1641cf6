import type {Transport} from '../../kube/transport.ts';
import type {CycleSummary} from '../../observe/cycleSummary.ts';
import {ownConfig, startOwnOperator} from '../burst/ownOperator.ts';
import type {StartedOperator} from './run.ts';

export interface DemoOperatorOptions {
  readonly transport: Transport;
  /** Of the demo. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** The operator of a demo where none leads yet. */
export function startDemoOperator(options: DemoOperatorOptions): StartedOperator {
  const {transport, name, signal, progress} = options;
  progress('starting the operator');
  const cycles: CycleSummary[] = [];
  const {operator, ready, stopped} = startOwnOperator({
    transport,
    config: ownConfig(name),
    namespace: name,
    signal,
    onCycle: (summary) => cycles.push(summary),
  });
  const {cache} = operator.stages;
  return {
    ready,
    read: () => ({
      cycles: [...cycles],
      misses: cache.cacheStats.misses,
      invalidations: cache.cacheStats.invalidations,
    }),
    stopped,
  };
}
