import type {z} from 'zod';
import {containerRequestSchema} from './containerRequestSchema.ts';
import {ledgerSchema} from './ledgerSchema.ts';
import {workerPoolSchema} from './workerPoolSchema.ts';
import {workerSchema} from './workerSchema.ts';

export const GROUP = 'berth.dev';
export const VERSION = 'v1alpha1';

/** One column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 1: only with `-o wide`. */
  readonly priority?: 1;
}

/** What a CRD says beside the schema of its kind. */
export interface CrdSource {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly schema: z.ZodObject;
  /** Longest name of an object, where it is shorter than the API server's 253. */
  readonly maxNameLength?: number;
  readonly columns: readonly PrinterColumn[];
  /** Paths for `--field-selector`; the API server takes at most eight. */
  readonly selectableFields: readonly string[];
}

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since it was created.',
};

function text(name: string, jsonPath: string, description: string): PrinterColumn {
  return {name, type: 'string', jsonPath, description};
}

function count(name: string, jsonPath: string, description: string): PrinterColumn {
  return {name, type: 'integer', jsonPath, description};
}

/** The columns only with `-o wide`. */
function wide(...columns: readonly PrinterColumn[]): PrinterColumn[] {
  return columns.map((column) => ({...column, priority: 1}));
}

const condition = (type: string, field: string) =>
  `.status.conditions[?(@.type=="${type}")].${field}`;

const containerRequests: CrdSource = {
  kind: 'ContainerRequest',
  plural: 'containerrequests',
  singular: 'containerrequest',
  shortNames: ['creq'],
  namespaced: true,
  schema: containerRequestSchema,
  columns: [
    text('Phase', '.status.phase', 'Where the request is in its life.'),
    text('Worker', '.status.workerName', 'The worker that holds it.'),
    text('Reason', condition('Scheduled', 'reason'), 'Why it has a worker, or has none.'),
    count('GPUs', '.spec.resources.gpu.count', 'GPUs asked for.'),
    age,
    ...wide(
      text('CPU', '.spec.resources.cpu', 'CPU asked for.'),
      text('Memory', '.spec.resources.memory', 'Memory asked for.'),
      count('Priority', '.spec.priority', 'Higher first.'),
      text('Affinity', '.status.assignment.affinity', 'Whether the worker is a preferred one.'),
      count('Attempts', '.status.attempts', 'How often it was placed.'),
      count('Exit', '.status.exitCode', 'Exit code of its container.'),
      text('Image', '.spec.container.image', 'What it runs.'),
      text('Message', condition('Scheduled', 'message'), 'What it waits for.'),
    ),
  ],
  selectableFields: [
    '.status.workerName',
    '.status.phase',
    '.spec.poolName',
    '.spec.workerName',
    '.spec.affinityKey',
    '.spec.suspend',
  ],
};

const workers: CrdSource = {
  kind: 'Worker',
  plural: 'workers',
  singular: 'worker',
  shortNames: ['wrk'],
  namespaced: false,
  schema: workerSchema,
  columns: [
    text('Pool', '.spec.poolName', 'The pool it belongs to.'),
    text('Ready', condition('Ready', 'status'), 'Whether it runs requests.'),
    {
      name: 'Cordoned',
      type: 'boolean',
      jsonPath: '.spec.unschedulable',
      description: 'Whether it takes no more requests.',
    },
    count('Containers', '.status.containers', 'Requests it holds.'),
    text('Free-CPU', '.status.free.cpu', 'CPU that is left.'),
    text('Free-Memory', '.status.free.memory', 'Memory that is left.'),
    age,
    ...wide(
      text('CPU', '.spec.capacity.cpu', 'CPU in total.'),
      text('Memory', '.spec.capacity.memory', 'Memory in total.'),
      count('GPUs', '.spec.capacity.gpu.count', 'GPUs in total.'),
      text('GPU-Type', '.spec.capacity.gpu.type', 'Type of its GPUs.'),
      count('Free-GPU-Millis', '.status.free.gpuMillis', 'Thousandths of GPUs that are left.'),
      text('Node', '.spec.nodeName', 'The Kubernetes node that its requests run on.'),
    ),
  ],
  selectableFields: ['.spec.poolName', '.spec.nodeName', '.spec.unschedulable'],
};

const workerPools: CrdSource = {
  kind: 'WorkerPool',
  plural: 'workerpools',
  singular: 'workerpool',
  shortNames: ['wpool'],
  namespaced: false,
  schema: workerPoolSchema,
  maxNameLength: 63,
  columns: [
    text('Strategy', '.spec.strategy', 'How its workers are filled; by their GPUs when empty.'),
    text('Runtime', '.spec.runtime', 'What runs the requests of the workers it makes.'),
    count('Workers', '.status.workers', 'How many workers it has.'),
    count('Ready', '.status.readyWorkers', 'How many of them are ready.'),
    age,
    ...wide(text('Load-Bound', '.spec.loadBound', 'Most load of a worker, in times the mean.')),
  ],
  selectableFields: ['.spec.strategy', '.spec.runtime'],
};

const ledgers: CrdSource = {
  kind: 'Ledger',
  plural: 'ledgers',
  singular: 'ledger',
  shortNames: [],
  namespaced: false,
  schema: ledgerSchema,
  columns: [
    count('Epoch', '.status.epoch', 'Term of the operator that owns it.'),
    count('Cycle', '.status.cycle', 'The last cycle that was committed.'),
    age,
  ],
  selectableFields: [],
};

/** Every kind of the API, in the order of the reference. */
export const crdSources: readonly CrdSource[] = [containerRequests, workers, workerPools, ledgers];
