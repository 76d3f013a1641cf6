import {z} from 'zod';
import {
  CPU_WANTED,
  MAX_MEMORY_BYTES,
  MAX_QUANTITY_LENGTH,
  MEMORY_WANTED,
  parseCpuMillis,
  parseMemoryBytes,
} from './quantity.ts';

/** `leaseTransitions` of a Lease, which is the epoch, is an int32. */
export const MAX_EPOCH = 2 ** 31 - 1;

/** A CEL rule of the API server: `self` must satisfy it, or the write is refused with `message`. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  /** CEL: the message where it can say more; `message` where this fails. */
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired';
}

/** Metadata of a schema that carries CEL rules into the CRD. */
export function rules(...list: readonly CelRule[]): {'x-kubernetes-validations': CelRule[]} {
  return {'x-kubernetes-validations': [...list]};
}

/** Metadata of a list that server-side apply merges by the field `key`. */
export function keyedBy(key: string): Record<string, unknown> {
  return {'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key]};
}

/** Metadata of a list that is replaced as a whole. */
export const atomic = {'x-kubernetes-list-type': 'atomic'};

/** Metadata of an object that has one owner: each field of its own would cost in managedFields. */
export const atomicObject = {'x-kubernetes-map-type': 'atomic'};

const LABEL_PATTERN = '[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?';
const SUBDOMAIN_PATTERN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';

/** A name of up to 63 characters, such as a pool's. */
export const dnsLabel = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      'a DNS label: lower-case letters, digits and dashes, for example gpu-large',
    );

/** The name of an object, such as a Worker's or a Node's. */
export const objectName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(
      new RegExp(`^${SUBDOMAIN_PATTERN}$`),
      'a DNS subdomain: lower-case letters, digits, dashes and dots, for example worker-7',
    );

/** The key of a label or a taint. */
export const labelKey = () =>
  z
    .string()
    .min(1)
    .max(317)
    .regex(
      new RegExp(`^(${SUBDOMAIN_PATTERN}/)?${LABEL_PATTERN}$`),
      'a label key, for example zone or example.com/zone',
    );

/** The value of a label or a taint; it may be empty. */
export const labelValue = () =>
  z
    .string()
    .max(63)
    .regex(
      new RegExp(`^(${LABEL_PATTERN})?$`),
      'at most 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends',
    );

/** A model of GPU: a label value that is not empty. */
export const gpuType = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(
      new RegExp(`^${LABEL_PATTERN}$`),
      'a GPU type, for example A100-80GB: letters, digits, dashes, dots and underscores',
    );

/** Seconds, bounded to ten years so that sums of times stay exact. */
export const seconds = (min: number) => z.int().min(min).max(315_360_000);

/** RFC 3339. */
export const timestamp = () => z.string().max(64).meta({format: 'date-time'});

/** A shape that Berth hands on to the Pod without looking into it. */
export const opaque = () =>
  z.record(z.string(), z.unknown()).meta({'x-kubernetes-preserve-unknown-fields': true});

const quantity = (parse: (value: unknown) => unknown, wanted: string, cel: CelRule[]) =>
  z
    .union([z.number(), z.string().max(MAX_QUANTITY_LENGTH)], {error: wanted})
    .refine((value) => typeof parse(value) === 'number', {error: wanted})
    .meta({'x-kubernetes-int-or-string': true, ...rules(...cel)});

/** Amount of CPU, as a Kubernetes quantity. */
export const cpuQuantity = () =>
  quantity(parseCpuMillis, CPU_WANTED, [
    {rule: quantityRule('1000000'), message: `wanted ${CPU_WANTED}`},
  ]);

/** Amount of memory, as a Kubernetes quantity. */
export const memoryQuantity = () =>
  quantity(parseMemoryBytes, MEMORY_WANTED, [
    {rule: quantityRule(String(MAX_MEMORY_BYTES)), message: `wanted ${MEMORY_WANTED}`},
  ]);

/** One rule, as a text that is no quantity must not make a second one fail to evaluate. */
function quantityRule(max: string): string {
  const text = 'string(self)';
  return (
    `size(${text}) <= ${MAX_QUANTITY_LENGTH} && isQuantity(${text}) && ` +
    `quantity(${text}).isGreaterThan(quantity('0')) && ` +
    `quantity(${text}).compareTo(quantity('${max}')) <= 0`
  );
}

export const conditionSchema = z.object({
  type: z
    .string()
    .max(316)
    .regex(new RegExp(`^(${SUBDOMAIN_PATTERN}/)?${LABEL_PATTERN}$`), 'a condition type')
    .describe('Type of the condition; unique in the list.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition holds.'),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe('The metadata.generation that the condition was set upon.'),
  lastTransitionTime: timestamp().describe('When the status last changed.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/, 'one CamelCase word')
    .describe('Why, in one CamelCase word that programs may read.'),
  message: z.string().max(32_768).describe('Why, for people.'),
});

/** metav1.Condition list, keyed by type. */
export const conditions = (description: string) =>
  z.array(conditionSchema).max(16).meta(keyedBy('type')).describe(description).optional();

export const observedGeneration = () =>
  z.int().min(0).optional().describe('The metadata.generation that the status was written for.');
