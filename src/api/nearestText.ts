import {assertNever} from '../lib/assertNever.ts';
import {formatCpu, formatMemory} from './quantity.ts';
import type {Shortage} from './resources.ts';

/** Stands between the account of all workers and the sentence about one; in no name of a worker. */
const MARK = ' Nearest: ';

/**
 * The account with one more sentence, on the worker that lacks least:
 * `... 12 insufficient cpu. Nearest: worker-7 lacks 500m cpu (1500m free of 2 wanted).`
 */
export function withNearest(
  message: string,
  nearest: {readonly workerName: string; readonly shortages: readonly Shortage[]} | undefined,
): string {
  if (!nearest) return message;
  const {workerName, shortages} = nearest;
  return `${message}${MARK}${workerName} lacks ${shortages.map(shortageText).join(', ')}.`;
}

/** The account alone: who is nearest changes with every placement, and is no news by itself. */
export function withoutNearest(message: string): string {
  const end = message.indexOf(MARK);
  return end < 0 ? message : message.slice(0, end);
}

function shortageText({resource, wanted, free}: Shortage): string {
  const lacked = wanted - free;
  switch (resource) {
    case 'gpuCount':
      return `${lacked} gpu (${free} free of ${wanted} wanted)`;
    case 'gpuMillis':
      return `${lacked}m gpu (${free}m free of ${wanted}m wanted)`;
    case 'cpuMillis':
      return `${formatCpu(lacked)} cpu (${formatCpu(free)} free of ${formatCpu(wanted)} wanted)`;
    case 'memoryBytes': {
      const [left, all] = [formatMemory(free), formatMemory(wanted)];
      return `${formatMemory(lacked)} memory (${left} free of ${all} wanted)`;
    }
    case 'containers':
      return `room for a container (${free} free)`;
    default:
      return assertNever(resource);
  }
}
