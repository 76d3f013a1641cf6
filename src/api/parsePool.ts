import {firstProblem, problemAt} from './problem.ts';
import {amountOr0, parseCpuMillis, parseMemoryBytes} from './quantity.ts';
import {asObject, asText} from './rawObject.ts';
import type {PoolRecord, Problem} from './records.ts';
import {workerPoolSpecSchema} from './workerPoolSchema.ts';

/** Which Kubernetes nodes a pool makes Workers of, and how. */
export interface NodeSource {
  /** Labels that a node must have. */
  readonly selector: Readonly<Record<string, string>>;
  readonly reservedCpuMillis: number;
  readonly reservedMemoryBytes: number;
  /**
   * `Pod`: the Worker names its node, and Berth makes Pods. `Agent`: an agent runs its requests.
   */
  readonly runtime: 'Pod' | 'Agent';
}

export type ParsedPool =
  | {
      readonly kind: 'valid';
      readonly pool: PoolRecord;
      /** Undefined: the pool makes no Workers. */
      readonly nodes: NodeSource | undefined;
    }
  | {readonly kind: 'invalid'; readonly name: string; readonly problem: Problem};

/** Parses a WorkerPool once, at the border, with every default in place. Never throws. */
export function parsePool(object: unknown): ParsedPool {
  const root = asObject(object);
  const metadata = asObject(root.metadata);
  const name = asText(metadata.name);
  if (name === '') {
    const problem = problemAt('metadata.name', metadata.name, 'a text that is not empty');
    return {kind: 'invalid', name, problem};
  }
  const parsed = workerPoolSpecSchema.safeParse(root.spec ?? {});
  if (!parsed.success) {
    return {kind: 'invalid', name, problem: firstProblem(parsed.error, root.spec, 'spec')};
  }
  const {strategy, loadBound, nodeSelector, reserved, runtime} = parsed.data;
  return {
    kind: 'valid',
    pool: {name, strategy, loadBound},
    nodes: nodeSelector && {
      selector: nodeSelector,
      reservedCpuMillis: amountOr0(parseCpuMillis(reserved?.cpu)),
      reservedMemoryBytes: amountOr0(parseMemoryBytes(reserved?.memory)),
      runtime,
    },
  };
}
