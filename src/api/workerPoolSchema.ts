import {z} from 'zod';
import {objectMetaSchema} from './objectMeta.ts';
import {labelMap} from './placementSchema.ts';
import {DEFAULT_LOAD_BOUND} from './records.ts';
import {conditions, cpuQuantity, memoryQuantity, observedGeneration} from './schemaParts.ts';

export const workerPoolSpecSchema = z
  .object({
    strategy: z
      .enum(['Spread', 'Pack'])
      .optional()
      .describe('Spread levels the load, Pack fills workers. Pack where it has GPUs when absent.'),
    loadBound: z
      .number()
      .min(1)
      .max(100)
      .default(DEFAULT_LOAD_BOUND)
      .describe('A worker may take so many times the mean load for the sake of affinity.'),
    nodeSelector: labelMap()
      .optional()
      .describe('Makes a Worker of each Kubernetes node with these labels; none when absent.'),
    reserved: z
      .object({
        cpu: cpuQuantity().optional().describe('CPU of each node that no request may hold.'),
        memory: memoryQuantity()
          .optional()
          .describe('Memory of each node that no request may hold.'),
      })
      .optional()
      .describe('What is left to each node that `nodeSelector` selects.'),
    runtime: z
      .enum(['Pod', 'Agent'])
      .default('Pod')
      .describe('What runs the requests of the Workers that `nodeSelector` makes.'),
  })
  .describe('How the workers of the pool are filled, and where they come from.');

export const workerPoolStatusSchema = z
  .object({
    workers: z.int().min(0).max(1_000_000).optional().describe('How many workers it has.'),
    readyWorkers: z.int().min(0).max(1_000_000).optional().describe('How many of them are ready.'),
    conditions: conditions('Ready; Stalled where it holds.'),
    observedGeneration: observedGeneration(),
  })
  .describe('A view of the pool.');

export const workerPoolSchema = z
  .object({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    metadata: objectMetaSchema,
    spec: workerPoolSpecSchema.prefault({}),
    status: workerPoolStatusSchema.optional(),
  })
  .describe('Workers that are filled by one strategy. A pool without an object has the defaults.');

/** A WorkerPool as the API server returns it: with its defaults. */
export type WorkerPool = z.infer<typeof workerPoolSchema>;
