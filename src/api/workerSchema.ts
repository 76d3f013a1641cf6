import {z} from 'zod';
import {objectMetaSchema} from './objectMeta.ts';
import {taintSchema} from './placementSchema.ts';
import {
  atomic,
  conditions,
  cpuQuantity,
  dnsLabel,
  gpuType,
  memoryQuantity,
  objectName,
  observedGeneration,
} from './schemaParts.ts';

const capacitySchema = z
  .object({
    cpu: cpuQuantity().describe('CPU in total: 1 is one core.'),
    memory: memoryQuantity().describe('Memory in total, in bytes.'),
    gpu: z
      .object({
        type: gpuType().describe('Type of all its GPUs, for example A100-80GB.'),
        count: z.int().min(1).max(16).describe('Number of its GPUs.'),
      })
      .optional()
      .describe('Its GPUs; none when absent.'),
    containers: z
      .int()
      .min(1)
      .max(10_000)
      .default(250)
      .describe('How many requests it may hold at once.'),
  })
  .describe('What requests may hold of the worker in total.');

export const workerSpecSchema = z
  .object({
    poolName: dnsLabel().default('default').describe('The WorkerPool it belongs to.'),
    nodeName: objectName()
      .optional()
      .describe('Its requests run as Pods on this Kubernetes node; without it an agent runs them.'),
    capacity: capacitySchema,
    taints: z
      .array(taintSchema)
      .max(32)
      .meta(atomic)
      .optional()
      .describe('Keep requests away that do not tolerate them; core/v1 semantics.'),
    unschedulable: z
      .boolean()
      .default(false)
      .describe(
        'Cordoned: takes no more requests, whatever they tolerate, and keeps those it has.',
      ),
  })
  .describe('What the worker offers.');

/** A sum that may be zero: a number of base units in a canonical quantity. */
const sumSchema = z.object({
  cpu: z.string().max(32).optional().describe('CPU, as a quantity.'),
  memory: z.string().max(32).optional().describe('Memory, as a quantity.'),
  gpuMillis: z.int().min(0).max(16_000).optional().describe('Thousandths of GPUs.'),
});

export const workerStatusSchema = z
  .object({
    conditions: conditions('Ready: the worker takes requests and runs them.'),
    allocated: sumSchema
      .optional()
      .describe('What its requests hold. A view; nobody decides on it.'),
    free: sumSchema.optional().describe('What is left. A view; nobody decides on it.'),
    containers: z.int().min(0).max(1_000_000).optional().describe('How many requests it holds.'),
    observedGeneration: observedGeneration(),
  })
  .describe('A view for people and autoscalers, written at most once a second.');

export const workerSchema = z
  .object({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    metadata: objectMetaSchema,
    spec: workerSpecSchema,
    status: workerStatusSchema.optional(),
  })
  .describe('A machine, or a part of one, that runs requests. Its labels are its metadata labels.');

/** A Worker as the API server returns it: with its defaults. */
export type Worker = z.infer<typeof workerSchema>;
