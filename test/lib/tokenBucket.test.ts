import {describe, expect, it} from 'vitest';
import {TokenBucket} from '../../src/lib/tokenBucket.ts';

describe('a token bucket', () => {
  const passed = (bucket: TokenBucket, nowMs: number, tries: number) =>
    Array.from({length: tries}, () => bucket.take(nowMs)).filter(Boolean).length;

  it('lets a burst through at once, and then its rate', () => {
    const bucket = new TokenBucket(10, 5);
    expect(passed(bucket, 1_000, 9)).toBe(5);
    expect(passed(bucket, 1_099, 9)).toBe(0);
    expect(passed(bucket, 1_300, 9)).toBe(3);
  });

  it('holds no more than a burst, however long nothing passed', () => {
    const bucket = new TokenBucket(10, 5);
    expect(passed(bucket, 0, 9)).toBe(5);
    expect(passed(bucket, 1_000_000, 9)).toBe(5);
  });
});
