import {expect, test} from 'vitest';
import {sumOfMetric} from '../../e2e/sumOfMetric.ts';

const text = [
  '# TYPE berth_decisions_total counter',
  'berth_decisions_total{outcome="accepted"} 7',
  'berth_decisions_total{outcome="rejected"} 2',
  '# TYPE berth_watch_restarts_total counter',
  '# TYPE berth_commit_seconds histogram',
  'berth_commit_seconds_sum{ledger="redis"} 1.5e-3',
  '# TYPE nodejs_eventloop_lag_p99_seconds gauge',
  'nodejs_eventloop_lag_p99_seconds 0.0125',
].join('\n');

test.for([
  {name: 'berth_decisions_total', labels: {}, sum: 9},
  {name: 'berth_decisions_total', labels: {outcome: 'rejected'}, sum: 2},
  {name: 'berth_watch_restarts_total', labels: {}, sum: 0},
  {name: 'berth_commit_seconds_sum', labels: {ledger: 'redis'}, sum: 0.0015},
  {name: 'nodejs_eventloop_lag_p99_seconds', labels: {}, sum: 0.0125},
])('$name $labels is $sum', ({name, labels, sum}) => {
  expect(sumOfMetric(text, name, labels)).toBe(sum);
});

test('a name that is not there is refused', () => {
  expect(() => sumOfMetric(text, 'berth_decision_total')).toThrow(
    /^Cannot read the metric berth_decision_total as/,
  );
});
