import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {
  CPU_WANTED,
  formatCpu,
  formatMemory,
  MAX_CPU_MILLIS,
  MAX_MEMORY_BYTES,
  MEMORY_WANTED,
  parseCpuMillis,
  parseMemoryBytes,
} from '../../src/api/quantity.ts';

const cpu: readonly [text: string | number, millis: number][] = [
  ['100m', 100],
  ['0.1', 100],
  ['1', 1000],
  ['+1', 1000],
  [2, 2000],
  [0.5, 500],
  [1e-7, 1],
  ['.5', 500],
  ['5.', 5000],
  ['1.5', 1500],
  ['0001', 1000],
  ['0.0001', 1],
  ['1n', 1],
  ['1500u', 2],
  ['1001u', 2],
  ['1000u', 1],
  ['2e3', 2_000_000],
  ['2E-3', 2],
  ['1e-30', 1],
  ['1k', 1_000_000],
  ['1Ki', 1_024_000],
  ['0.5Ki', 512_000],
  ['1000000', MAX_CPU_MILLIS],
  ['1M', MAX_CPU_MILLIS],
];

const memory: readonly [text: string | number, bytes: number][] = [
  ['128Mi', 134_217_728],
  ['1.5Gi', 1_610_612_736],
  ['1Ki', 1024],
  ['1k', 1000],
  ['2G', 2_000_000_000],
  ['1T', 1e12],
  ['1Ti', 2 ** 40],
  ['7Pi', 7 * 2 ** 50],
  ['1P', 1e15],
  ['1e9', 1_000_000_000],
  ['0.001E', 1e15],
  ['0.001Ei', 1_152_921_504_606_847],
  ['100m', 1],
  ['1000m', 1],
  ['1001m', 2],
  [4096, 4096],
  ['9007199254740991', MAX_MEMORY_BYTES],
  ['0.1Ki', 103],
];

const refused: readonly unknown[] = [
  ...['', ' ', '.', '+', '-', 'm', 'Ki', 'a giant', '1 Gi', ' 1', '1 ', '1K', '1gi', '1e', '1e+'],
  ...['1e3Gi', '1.2.3', '--1', '1,5', '0x10', 'Infinity', 'NaN', '1En', '1mi', '١', '1e1.5'],
  ...['0', '-1', '-0', '0m', '0e9', '1e99', '9E', '8Pi', '1e999999999', '1'.repeat(33)],
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, null, undefined, true, {}, [], ['1'], 10n],
];

describe('a quantity', () => {
  test.each(cpu)('of cpu %s is %d millis', (text, millis) => {
    expect(parseCpuMillis(text)).toBe(millis);
  });

  test.each(memory)('of memory %s is %d bytes', (text, bytes) => {
    expect(parseMemoryBytes(text)).toBe(bytes);
  });

  test.each(refused.map((value) => ({value})))(
    '$value is refused with what is wanted',
    ({value}) => {
      expect(parseCpuMillis(value)).toEqual({wanted: CPU_WANTED});
      expect(parseMemoryBytes(value)).toEqual({wanted: MEMORY_WANTED});
    },
  );

  test.each(['1000000001m', '1000001', '1000000.0001', '1Mi'])(
    'of cpu %s is above the limit',
    (text) => {
      expect(parseCpuMillis(text)).toEqual({wanted: CPU_WANTED});
    },
  );

  test('is as exact as integer arithmetic, for every suffix and any digits', () => {
    const units = {n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18};
    const binary = {Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60};
    fc.assert(
      fc.property(
        fc.bigInt({min: 0n, max: 99_999_999n}),
        fc.stringMatching(/^[0-9]{0,9}$/),
        fc.constantFrom(...Object.keys(units), ...Object.keys(binary), 'e-4', 'E+5', 'e0'),
        (whole, fraction, suffix) => {
          const ten = suffix in units ? units[suffix as keyof typeof units] : exponentOf(suffix);
          const two = suffix in binary ? binary[suffix as keyof typeof binary] : 0;
          // Value times 10^30 as an integer, so that nothing is rounded before the end.
          const digits = BigInt(whole.toString() + fraction);
          const scaled = digits * 10n ** BigInt(30 + ten - fraction.length) * 2n ** BigInt(two);
          const bytes = ceilDivide(scaled, 10n ** 30n);
          const millis = ceilDivide(scaled, 10n ** 27n);
          const text = `${whole}${fraction === '' ? '' : `.${fraction}`}${suffix}`;
          expect(parseMemoryBytes(text)).toEqual(
            bytes > 0n && bytes <= MAX_MEMORY_BYTES ? Number(bytes) : {wanted: MEMORY_WANTED},
          );
          expect(parseCpuMillis(text)).toEqual(
            millis > 0n && millis <= MAX_CPU_MILLIS ? Number(millis) : {wanted: CPU_WANTED},
          );
        },
      ),
      {numRuns: 2000},
    );
  });

  test('comes back as it was after formatting', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: MAX_CPU_MILLIS}), (millis) => {
        expect(parseCpuMillis(formatCpu(millis))).toBe(millis);
      }),
    );
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(40), (bytes, shift) => {
        const amount = Math.max(1, Math.floor(bytes / 2 ** shift)) * 2 ** Math.min(shift, 10);
        fc.pre(amount <= MAX_MEMORY_BYTES);
        expect(parseMemoryBytes(formatMemory(amount))).toBe(amount);
      }),
    );
  });

  test('never throws, whatever the value is', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const result of [parseCpuMillis(value), parseMemoryBytes(value)]) {
          expect(typeof result === 'number' || typeof result.wanted === 'string').toBe(true);
        }
      }),
    );
  });

  test.each([
    [1000, '1'],
    [1500, '1500m'],
    [0, '0'],
    [1, '1m'],
  ])('of %d millis is written %s', (millis, text) => {
    expect(formatCpu(millis)).toBe(text);
  });

  test.each([
    [0, '0'],
    [1, '1'],
    [1000, '1000'],
    [1536 * 1024 * 1024, '1536Mi'],
    [2 ** 40, '1Ti'],
  ])('of %d bytes is written %s', (bytes, text) => {
    expect(formatMemory(bytes)).toBe(text);
  });
});

function exponentOf(suffix: string): number {
  return /^[eE]/.test(suffix) && suffix !== 'E' && suffix !== 'Ei' ? Number(suffix.slice(1)) : 0;
}

function ceilDivide(amount: bigint, divisor: bigint): bigint {
  return (amount + divisor - 1n) / divisor;
}
