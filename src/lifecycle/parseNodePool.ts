import type {Condition} from '../api/conditions.ts';
import {type ParsedPool, parsePool} from '../api/parsePool.ts';
import {asCount, asObject, asText} from '../api/rawObject.ts';

/** A WorkerPool with what its status says of it. */
export interface KnownPool {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly parsed: ParsedPool;
  readonly shown: {
    readonly workers: number | undefined;
    readonly readyWorkers: number | undefined;
    readonly observedGeneration: number | undefined;
    readonly conditions: readonly Condition[];
  };
}

/** Never throws: what cannot be understood is in `parsed`. */
export function parseNodePool(object: unknown): KnownPool {
  const root = asObject(object);
  const metadata = asObject(root.metadata);
  const {workers, readyWorkers, observedGeneration, conditions} = asObject(root.status);
  return {
    name: asText(metadata.name),
    uid: asText(metadata.uid),
    generation: asCount(metadata.generation, 0),
    parsed: parsePool(object),
    shown: {
      workers: asCount(workers, undefined),
      readyWorkers: asCount(readyWorkers, undefined),
      observedGeneration: asCount(observedGeneration, undefined),
      // The API server has validated them.
      conditions: Array.isArray(conditions) ? (conditions as Condition[]) : [],
    },
  };
}
