import {z} from 'zod';
import {
  atomic,
  cpuQuantity,
  gpuType,
  labelKey,
  labelValue,
  memoryQuantity,
  rules,
} from './schemaParts.ts';

/** What requests, workers and pools say about capacity, selectors, taints and tolerations. */
const gpuRequest = z
  .object({
    count: z.int().min(1).max(16).default(1).describe('Number of GPUs.'),
    types: z
      .array(gpuType())
      .max(16)
      .meta(atomic)
      .optional()
      .describe('Accepted GPU types in order of preference; any when empty.'),
    shareMillis: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Thousandths of one GPU; whole GPUs when absent. Only with count 1.'),
  })
  .refine((gpu) => gpu.shareMillis === undefined || gpu.count === 1, {
    path: ['shareMillis'],
    error: 'no shareMillis unless count is 1: a share is of one GPU',
  })
  .meta(
    rules({
      rule: '!has(self.shareMillis) || self.count == 1',
      message: 'wanted no shareMillis unless count is 1: a share is of one GPU',
      fieldPath: '.shareMillis',
    }),
  );

export const resourcesSchema = z
  .object({
    cpu: cpuQuantity().default('100m').describe('CPU to hold: 1 is one core.'),
    memory: memoryQuantity().default('128Mi').describe('Memory to hold, in bytes.'),
    gpu: gpuRequest.optional().describe('GPUs to hold; none when absent.'),
  })
  .describe('What the request holds of its worker.');

const requirement = z
  .object({
    key: labelKey().describe('Key of the label.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'])
      .describe('How the label is compared.'),
    values: z
      .array(labelValue())
      .max(64)
      .meta(atomic)
      .optional()
      .describe('Values for In and NotIn, one integer for Gt and Lt, none for the others.'),
  })
  .check((context) => {
    const {operator, values = []} = context.value;
    const wanted = wantedValues(operator, values);
    if (wanted === undefined) return;
    context.issues.push({code: 'custom', path: ['values'], message: wanted, input: values});
  })
  .meta(
    rules(
      {
        rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
        message: 'wanted at least one value for In and NotIn',
        fieldPath: '.values',
      },
      {
        rule: "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || size(self.values) == 0",
        message: 'wanted no values for Exists and DoesNotExist',
        fieldPath: '.values',
      },
      {
        rule: "!(self.operator in ['Gt', 'Lt']) || (has(self.values) && size(self.values) == 1 && self.values[0].matches('^[0-9]{1,15}$'))",
        message: 'wanted one whole number for Gt and Lt',
        fieldPath: '.values',
      },
    ),
  );

/** What is wanted of the values of a requirement, as node selectors have it; undefined: nothing. */
function wantedValues(operator: string, values: readonly string[]): string | undefined {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? undefined : 'at least one value for In and NotIn';
    case 'Gt':
    case 'Lt':
      return values.length === 1 && /^[0-9]{1,15}$/.test(values[0]!)
        ? undefined
        : 'one whole number for Gt and Lt';
    default:
      return values.length === 0 ? undefined : 'no values for Exists and DoesNotExist';
  }
}

/** Labels by key, bounded; the values must be label values. */
export const labelMap = () =>
  z
    .record(z.string(), labelValue())
    .refine((labels) => Object.keys(labels).length <= 64, {error: 'at most 64 labels'})
    .meta({maxProperties: 64});

export const selectorSchema = z
  .object({
    matchLabels: labelMap().optional().describe('Labels that the worker must have.'),
    matchExpressions: z
      .array(requirement)
      .max(32)
      .meta(atomic)
      .optional()
      .describe('Requirements that the labels must meet, all of them.'),
  })
  .describe("Selects workers by their labels; a core/v1 node selector's operators.");

const taintEffect = z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

export const taintSchema = z.object({
  key: labelKey().describe('Key of the taint.'),
  value: labelValue().optional().describe('Value of the taint.'),
  effect: taintEffect.describe('What happens to requests that do not tolerate it.'),
});

export const tolerationSchema = z
  .object({
    key: labelKey().optional().describe('Key of the taint; every taint when absent, with Exists.'),
    operator: z
      .enum(['Equal', 'Exists'])
      .optional()
      .describe('How the value is compared; Equal when absent.'),
    value: labelValue().optional().describe('Value of the taint; absent with Exists.'),
    effect: taintEffect.optional().describe('Effect of the taint; every effect when absent.'),
    tolerationSeconds: z
      .int()
      .min(0)
      .max(315_360_000)
      .optional()
      .describe('How long a NoExecute taint is tolerated; for ever when absent.'),
  })
  .check((context) => {
    const {key, operator = 'Equal', value = ''} = context.value;
    if (operator === 'Exists' && value !== '') {
      context.issues.push({
        code: 'custom',
        path: ['value'],
        message: 'no value with operator Exists',
        input: value,
      });
    }
    if (operator === 'Equal' && key === undefined) {
      context.issues.push({
        code: 'custom',
        path: ['key'],
        message: 'a key, or operator Exists to tolerate every taint',
        input: key,
      });
    }
  })
  .meta(
    rules(
      {
        rule: "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
        message: 'wanted no value with operator Exists',
        fieldPath: '.value',
      },
      {
        rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
        message: 'wanted a key, or operator Exists to tolerate every taint',
        fieldPath: '.key',
      },
    ),
  );
