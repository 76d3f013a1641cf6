import {describe, expect, it} from 'vitest';
import {withNearest, withoutNearest} from '../../src/api/nearestText.ts';
import {UnfitReason} from '../../src/api/reasons.ts';
import type {Shortage} from '../../src/api/resources.ts';

const account = '0/20 workers fit: 12 insufficient cpu, 8 not ready.';
const said = (...shortages: Shortage[]) =>
  withNearest(account, {workerName: 'worker-7', shortages});

describe('the sentence about the nearest worker', () => {
  it.each<[string, Shortage, string]>([
    ['cpu', {resource: 'cpuMillis', wanted: 2000, free: 1500}, '500m cpu (1500m free of 2 wanted)'],
    [
      'memory',
      {resource: 'memoryBytes', wanted: 2 ** 32, free: 2 ** 30},
      '3Gi memory (1Gi free of 4Gi wanted)',
    ],
    ['GPUs', {resource: 'gpuCount', wanted: 8, free: 5}, '3 gpu (5 free of 8 wanted)'],
    [
      'a share of a GPU',
      {resource: 'gpuMillis', wanted: 500, free: 400},
      '100m gpu (400m free of 500m wanted)',
    ],
    ['containers', {resource: 'containers', wanted: 1, free: 0}, 'room for a container (0 free)'],
    [
      'what is bound beyond the capacity',
      {resource: 'cpuMillis', wanted: 100, free: -1000},
      '1100m cpu (-1 free of 100m wanted)',
    ],
  ])('says what it lacks: %s', (_, shortage, text) => {
    expect(said(shortage)).toBe(`${account} Nearest: worker-7 lacks ${text}.`);
  });

  it('says all of it', () => {
    expect(
      said(
        {resource: 'gpuCount', wanted: 2, free: 0},
        {resource: 'containers', wanted: 1, free: 0},
      ),
    ).toBe(
      `${account} Nearest: worker-7 lacks 2 gpu (0 free of 2 wanted), room for a container (0 free).`,
    );
  });

  it('is left out where there is none, and taken off again', () => {
    expect(withNearest(account, undefined)).toBe(account);
    expect(withoutNearest(account)).toBe(account);
    expect(withoutNearest(said({resource: 'gpuCount', wanted: 2, free: 0}))).toBe(account);
  });

  it('keeps the longest message that there can be within an Event', () => {
    // The phrases of reasons are 24 characters long in the mean.
    const parts = Object.values(UnfitReason).map(() => `20000 ${'x'.repeat(26)}`);
    const max = Number.MAX_SAFE_INTEGER;
    const message = withNearest(`0/20000 workers fit: ${parts.join(', ')}.`, {
      workerName: 'w'.repeat(253),
      shortages: [
        {resource: 'gpuCount', wanted: 16, free: 15},
        {resource: 'cpuMillis', wanted: 999_999_999, free: -999_999_999},
        {resource: 'memoryBytes', wanted: max, free: -max},
        {resource: 'containers', wanted: 1, free: -20_000},
      ],
    });
    expect(message.length).toBeLessThan(1_024);
  });
});
