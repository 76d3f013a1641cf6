import {z} from 'zod';
import {objectMetaSchema} from './objectMeta.ts';
import {MAX_CPU_MILLIS, MAX_MEMORY_BYTES} from './quantity.ts';
import {atomic, MAX_EPOCH, rules} from './schemaParts.ts';

/**
 * Most records of `status.inFlight`: 4,096 of some 150 bytes keep the object well below etcd's
 * limit.
 */
export const MAX_IN_FLIGHT = 4096;

const inFlightSchema = z.object({
  uid: z.string().min(1).max(64).describe('The uid of the request: its identity.'),
  request: z.string().min(1).max(317).describe('namespace/name of the request, for people.'),
  workerName: z.string().min(1).max(253).describe('The worker that was decided on.'),
  cpuMillis: z.int().min(1).max(MAX_CPU_MILLIS).describe('CPU held, in thousandths of a core.'),
  memoryBytes: z.int().min(1).max(MAX_MEMORY_BYTES).describe('Memory held, in bytes.'),
  gpuDevices: z
    .array(z.int().min(0).max(15))
    .max(16)
    .meta(atomic)
    .optional()
    .describe('Indexes of the GPUs held, ascending; none when absent.'),
  gpuMillis: z
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe('Thousandths held of each of them; 0 when absent.'),
});

export const ledgerStatusSchema = z
  .object({
    epoch: z
      .int()
      .min(0)
      .max(MAX_EPOCH)
      .optional()
      .describe('Term of the operator that owns the ledger; writers of a lower one are refused.'),
    cycle: z.int().min(0).optional().describe('The last scheduling cycle that was committed.'),
    inFlight: z
      .array(inFlightSchema)
      .max(MAX_IN_FLIGHT)
      // Replaced as a whole in one merge-patch: keying it by uid would make the API server compare
      // keys.
      .meta(atomic)
      .optional()
      .describe('Capacity that is committed and not yet seen bound.'),
  })
  .meta(
    rules({
      rule: '!has(oldSelf.epoch) || (has(self.epoch) && self.epoch >= oldSelf.epoch)',
      message: 'wanted an epoch that is not lower: another operator owns the ledger',
      fieldPath: '.epoch',
    }),
  )
  .describe('Capacity on its way from a decision to a binding.');

export const ledgerSchema = z
  .object({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    metadata: objectMetaSchema,
    status: ledgerStatusSchema.optional(),
  })
  .describe('Internal to Berth: one object an operator group. Do not edit.');

/** A Ledger as the API server returns it. */
export type Ledger = z.infer<typeof ledgerSchema>;
export type LedgerStatus = z.infer<typeof ledgerStatusSchema>;
export type InFlightRecord = z.infer<typeof inFlightSchema>;
