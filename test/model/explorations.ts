import type {Closure, Planted, Protocol} from './protocol.ts';
import type {Faults} from './world.ts';

export interface Case {
  readonly protocol: Protocol;
  readonly faults: Faults;
}

const noFaults: Faults = {losses: 0, touches: 0, ends: 0, failOvers: 0};

/** @param more which faults may happen, and how many terms there are; two where it does not say */
function makeCase(
  ledger: Protocol['ledger'],
  more: Partial<Faults> & {maxEpoch?: number; closure?: Closure; planted?: Planted} = {},
): Case {
  const {maxEpoch = 2, closure = 'none', planted = 'nothing', ...faults} = more;
  return {protocol: {ledger, maxEpoch, closure, planted}, faults: {...noFaults, ...faults}};
}

/** One line that says what is explored. */
export function titleOf({protocol, faults}: Case): string {
  const {ledger, maxEpoch, closure} = protocol;
  const {losses, touches, ends, failOvers} = faults;
  return [
    `${ledger}, ${maxEpoch} ${maxEpoch === 1 ? 'term' : 'terms'}`,
    losses > 0 && `${losses} lost reply`,
    touches > 0 && `${touches} edit or label`,
    ends > 0 && `${ends} end or deletion`,
    failOvers > 0 && `${failOvers} fail-over (${closure})`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Explored whole by the unit tests: the least number of states says that they still are. */
export const quick: readonly (Case & {readonly atLeast: number})[] = [
  {...makeCase('kubernetes'), atLeast: 13_000},
  {...makeCase('redis'), atLeast: 4_000},
  {...makeCase('redis', {losses: 1}), atLeast: 35_000},
  {...makeCase('kubernetes', {maxEpoch: 1, losses: 1, ends: 1}), atLeast: 6_000},
  {...makeCase('kubernetes', {maxEpoch: 1, touches: 1, ends: 1}), atLeast: 9_000},
  {...makeCase('redis', {maxEpoch: 1, touches: 1, ends: 1}), atLeast: 7_000},
  {...makeCase('redis', {failOvers: 1, closure: 'replicated commits'}), atLeast: 4_000},
  {...makeCase('redis', {failOvers: 1, closure: 'old binds are over'}), atLeast: 3_000},
];

/** Minutes each: `node test/model/wide.ts`. */
export const wide: readonly Case[] = [
  makeCase('kubernetes', {losses: 1}),
  makeCase('kubernetes', {touches: 1}),
  makeCase('kubernetes', {ends: 1}),
  makeCase('kubernetes', {maxEpoch: 3}),
  makeCase('kubernetes', {maxEpoch: 1, losses: 1, touches: 1, ends: 1}),
  makeCase('redis', {touches: 1}),
  makeCase('redis', {ends: 1}),
  makeCase('redis', {maxEpoch: 3}),
  makeCase('redis', {maxEpoch: 1, losses: 1, touches: 1, ends: 1}),
  makeCase('redis', {losses: 1, failOvers: 1, closure: 'replicated commits'}),
  makeCase('redis', {failOvers: 2, closure: 'replicated commits'}),
  makeCase('redis', {losses: 1, failOvers: 1, closure: 'old binds are over'}),
  makeCase('redis', {maxEpoch: 3, failOvers: 1, closure: 'old binds are over'}),
  makeCase('redis', {failOvers: 1, closure: 'stamp what waits, replicate opens'}),
];

/** Planted bugs, each in the least world that shows it. */
export const canaries: readonly (Case & {readonly sentence: string})[] = (
  ['kubernetes', 'redis'] as const
).flatMap((ledger) => {
  const over = 'w-0 is over its capacity';
  const plant = (
    planted: Planted,
    sentence: string,
    more: Parameters<typeof makeCase>[1] = {},
  ) => ({
    ...makeCase(ledger, {...more, planted}),
    sentence,
  });
  const rows = [
    plant('skip the settle', over),
    plant('forget what a read showed', over),
    plant('bind without an answer', over, {losses: 1}),
    plant('bind without resourceVersion', 'r-0 was on two workers', {
      ...{maxEpoch: 1, losses: 1, touches: 1},
    }),
  ];
  // Redis keeps what is bound, so that a read that is too old does no harm. Without the fence the
  // resourceVersion of the Ledger object stands in for it until a reply is lost: 13 steps, wide.
  if (ledger === 'kubernetes') return [...rows, plant('read before the fence', over)];
  return [...rows, plant('skip the fence', over)];
});

/** A fail-over of Redis that loses what was answered, and what does not help against it. */
export const gaps: readonly Case[] = (
  ['none', 'touch what waits', 'stamp what waits'] as const
).map((closure) => makeCase('redis', {failOvers: 1, closure}));
