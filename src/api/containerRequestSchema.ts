import {z} from 'zod';
import {containerSchema, podSchema} from './containerSchema.ts';
import {objectMetaSchema} from './objectMeta.ts';
import {resourcesSchema, selectorSchema, tolerationSchema} from './placementSchema.ts';
import {
  atomic,
  atomicObject,
  type CelRule,
  conditions,
  dnsLabel,
  MAX_EPOCH,
  objectName,
  observedGeneration,
  rules,
  seconds,
  timestamp,
} from './schemaParts.ts';

/** The name of a worker that an object may carry in its status; empty like absent. */
const workerName = () => z.string().max(253);

export const containerRequestSpecSchema = z
  .object({
    container: containerSchema,
    pod: podSchema.optional(),
    resources: resourcesSchema.prefault({}),
    affinityKey: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe(
        'Requests with one key prefer the same workers (warm image, checkpoint, cache). The image when absent.',
      ),
    priority: z.int().min(0).max(1000).default(0).describe('Higher first.'),
    poolName: dnsLabel().optional().describe('Only workers of this pool; any pool when absent.'),
    workerName: objectName().optional().describe('Only this worker; any when absent.'),
    workerSelector: selectorSchema.optional(),
    tolerations: z
      .array(tolerationSchema)
      .max(32)
      .meta(atomic)
      .optional()
      .describe('Taints of workers that the request tolerates; core/v1 semantics.'),
    placementTimeoutSeconds: seconds(1)
      .optional()
      .describe(
        'Fails the request when it has no worker after so long; waits for ever when absent.',
      ),
    activeDeadlineSeconds: seconds(1)
      .optional()
      .describe('Stops and fails the request so long after its start; never when absent.'),
    ttlSecondsAfterFinished: seconds(0)
      .optional()
      .describe('Deletes the request so long after its end; never when absent.'),
    retryLimit: z
      .int()
      .min(0)
      .max(100)
      .default(3)
      .describe('How often a request of a lost worker is placed again; not for exit codes.'),
    suspend: z
      .boolean()
      .default(false)
      .describe('Keeps the request from being placed; stops it where it runs.'),
  })
  .describe(
    'What to run and what it needs. Fixed while the request has a worker, with exceptions.',
  );

const assignmentSchema = z
  .object({
    id: z.string().min(1).max(64).describe('Fences a worker that lost the request: it must match.'),
    epoch: z.int().min(0).max(MAX_EPOCH).optional().describe('Term of the operator that decided.'),
    cycle: z.int().min(0).optional().describe('Scheduling cycle within the epoch.'),
    gpuDevices: z
      .array(z.int().min(0).max(15))
      .max(16)
      .meta(atomic)
      .optional()
      .describe('Indexes of the GPUs held, ascending.'),
    affinity: z
      .enum(['Warm', 'Near', 'None'])
      .optional()
      .describe(
        'Warm: the first choice of its key. Near: another preferred worker of it. None: neither.',
      ),
  })
  .meta(atomicObject)
  .describe('How the request got its worker.');

/**
 * CEL: the text at `path` below `root`, or the empty one. Plain `has`: optionals have no cost
 * bound.
 */
function textOr(root: string, ...path: readonly string[]): string {
  const at = (depth: number) => [root, ...path.slice(0, depth)].join('.');
  const present = path.map((_, index) => `has(${at(index + 1)})`).join(' && ');
  return `(${present} ? ${at(path.length)} : '')`;
}

const oldWorker = textOr('oldSelf', 'workerName');
const newWorker = textOr('self', 'workerName');
const oldId = textOr('oldSelf', 'assignment', 'id');
const newId = textOr('self', 'assignment', 'id');

const statusRules: readonly CelRule[] = [
  {
    rule: `!has(self.phase) || !(self.phase in ['Scheduled', 'Running']) || ${newWorker} != ''`,
    message: 'wanted a workerName in phase Scheduled and Running',
    fieldPath: '.workerName',
  },
  {
    rule: "!has(oldSelf.phase) || !(oldSelf.phase in ['Succeeded', 'Failed']) || (has(self.phase) && self.phase == oldSelf.phase)",
    message: 'wanted the same phase: a finished request stays finished',
    fieldPath: '.phase',
  },
  {
    rule: `${oldWorker} == '' || ${newWorker} == '' || ${newWorker} == ${oldWorker} || ${newId} != ${oldId}`,
    message: 'wanted the same workerName: one assignment id is for one worker',
    fieldPath: '.workerName',
  },
  {
    rule: `${oldWorker} == '' || ${newWorker} != ${oldWorker} || ${oldId} == '' || ${newId} == ${oldId}`,
    message: 'wanted the current assignment id: this request was assigned anew',
    fieldPath: '.assignment',
  },
];

export const containerRequestStatusSchema = z
  .object({
    phase: z
      .enum(['Pending', 'Scheduled', 'Running', 'Succeeded', 'Failed'])
      .optional()
      .describe('Where the request is in its life; Pending when absent.'),
    workerName: workerName().optional().describe('The worker that holds the request.'),
    assignment: assignmentSchema.optional(),
    attempts: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe('How often it was placed, but for placements taken back before the start.'),
    scheduledTime: timestamp().optional().describe('When it got its worker, to the microsecond.'),
    startTime: timestamp().optional().describe('When its container started.'),
    completionTime: timestamp().optional().describe('When it finished.'),
    podName: z.string().max(253).optional().describe('The Pod it runs as, where it is one.'),
    exitCode: z
      .int()
      .min(-2_147_483_648)
      .max(2_147_483_647)
      .optional()
      .describe('Exit code of its container.'),
    conditions: conditions('Scheduled, Ready and Finished; Stalled where it holds.'),
    observedGeneration: observedGeneration(),
  })
  .meta(rules(...statusRules))
  .describe('What happened to the request; written by Berth and by agents.');

/** Fields of the spec that may change while the request has a worker. */
const MUTABLE = new Set(['suspend', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished']);

const isSame = (field: string) =>
  `(has(self.spec.${field}) ? has(oldSelf.spec.${field}) && self.spec.${field} == oldSelf.spec.${field} : !has(oldSelf.spec.${field}))`;

const fixed = Object.keys(containerRequestSpecSchema.shape).filter((field) => !MUTABLE.has(field));
const nameOfChanged = fixed.reduceRight(
  (otherwise, field) => `!${isSame(field)} ? '${field}' : ${otherwise}`,
  "''",
);

/**
 * One rule for all fields: the API server evaluates each of them at every write of a status, where
 * eleven rules were a tenth of its work. The message names the field.
 */
const immutableWhilePlaced: CelRule = {
  rule: `${textOr('oldSelf', 'status', 'workerName')} == '' || (${fixed.map(isSame).join(' && ')})`,
  message: `spec cannot change while the request has a worker, but for ${[...MUTABLE].join(', ')}: delete the request and create it anew`,
  messageExpression: `'spec.' + (${nameOfChanged}) + ' cannot change while the request has a worker: delete the request and create it anew'`,
  fieldPath: '.spec',
  reason: 'FieldValueForbidden',
};

export const containerRequestSchema = z
  .object({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    metadata: objectMetaSchema,
    spec: containerRequestSpecSchema,
    status: containerRequestStatusSchema.optional(),
  })
  .meta(rules(immutableWhilePlaced))
  .describe('A container to run on one worker of a pool.');

/** A ContainerRequest as the API server returns it: with its defaults. */
export type ContainerRequest = z.infer<typeof containerRequestSchema>;
