import {expect, it} from 'vitest';
import {verdictOf} from './verdictOf.ts';

it.each([
  'total under 2.00 s: 2.31 s',
  'placed in under 2.00 s: 2.00 s',
  'decision under 5 % of the total: 6.5 %',
  'decision under 5 % of the total: 7.0 % (1 of 2 rounds)',
  'phases add up to 95 % of the total: 94.9 %',
  'no more capacity updates than workers: 21 for 20 workers',
])('blames the machine for "%s"', (sentence) => {
  expect(verdictOf([{holds: false, sentence}])).toEqual({count: 1, wrong: [], exitCode: 1});
});

it.each([
  // Of speed, but the figure says that it holds.
  'total under 2.00 s: 0.31 s',
  'total under 2.00 s: not all were placed',
  'decision under 5 % of the total: 1.2 %',
  'phases add up to 95 % of the total: 99.0 %',
  'no more capacity updates than workers: 2 for 20 workers',
  'one ledger commit per batch: 3 for 2 batches',
  'all 100 requests placed: 99',
])('blames nobody else for "%s"', (sentence) => {
  const report = `Criteria\n  ✓ even distribution: exactly 5 each\n  ✗ ${sentence}\n`;
  expect(verdictOf(report)).toEqual({count: 2, wrong: [sentence], exitCode: 1});
});
