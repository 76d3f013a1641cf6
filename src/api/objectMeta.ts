import {z} from 'zod';

/**
 * The part of metav1.ObjectMeta that Berth reads. The API server checks it, so that a CRD may not:
 * the generated schema says only `type: object`.
 */
export const objectMetaSchema = z
  .looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    generation: z.number().optional(),
    creationTimestamp: z.string().nullish(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    finalizers: z.array(z.string()).optional(),
    ownerReferences: z.array(z.looseObject({uid: z.string(), kind: z.string()})).optional(),
  })
  .describe('Standard object metadata.');
