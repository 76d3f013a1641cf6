/** Says what was wanted where a quantity could not be used. */
export interface QuantityProblem {
  readonly wanted: string;
}

/** Largest amount of CPU that Berth takes: a million cores still fit a 32-bit column. */
export const MAX_CPU_MILLIS = 1_000_000_000;
/** Largest amount of memory, in bytes: just below 8Pi, where doubles stop counting exactly. */
export const MAX_MEMORY_BYTES = Number.MAX_SAFE_INTEGER;
/** Longest text of a quantity; the longest sensible one has 20 digits and a suffix. */
export const MAX_QUANTITY_LENGTH = 32;

/** What every message about CPU says was wanted. */
export const CPU_WANTED =
  'a quantity above 0 and at most 1000000 cores, for example 500m, 2 or 1500m';
/** What every message about memory says was wanted. */
export const MEMORY_WANTED = 'a quantity above 0 and below 8Pi, for example 128Mi, 1.5Gi or 2G';

const GRAMMAR = /^([+-]?)(\d*)(\.\d*)?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;

const DECIMAL_EXPONENTS = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Beyond this a value is above every limit, or below one unit, whatever its digits are. */
const MAX_EXPONENT = 64;

/**
 * Thousandths of a core in a Kubernetes quantity, rounded up to the next one as Kubernetes does.
 * Exact for every text of the grammar (`100m`, `0.1`, `1.5`, `2e3`, `1k`, `4Ki`). Never throws.
 */
export function parseCpuMillis(quantity: unknown): number | QuantityProblem {
  const millis = parseScaled(quantity, 3);
  return millis !== undefined && millis > 0 && millis <= MAX_CPU_MILLIS
    ? millis
    : {wanted: CPU_WANTED};
}

/**
 * Bytes in a Kubernetes quantity, rounded up to the next one as Kubernetes does. Exact for every
 * text of the grammar (`128Mi`, `1.5Gi`, `2G`, `1e9`, `100m`). Never throws.
 */
export function parseMemoryBytes(quantity: unknown): number | QuantityProblem {
  const bytes = parseScaled(quantity, 0);
  return bytes !== undefined && bytes > 0 && bytes <= MAX_MEMORY_BYTES
    ? bytes
    : {wanted: MEMORY_WANTED};
}

/** The amount; 0 for what is none, where something else has refused that before. */
export function amountOr0(amount: number | QuantityProblem): number {
  return typeof amount === 'number' ? amount : 0;
}

/** The canonical quantity: `1500m`, `2`. */
export function formatCpu(cpuMillis: number): string {
  return cpuMillis % 1000 === 0 ? String(cpuMillis / 1000) : `${cpuMillis}m`;
}

/** The canonical quantity, with the largest binary suffix that leaves a whole number: `1536Mi`. */
export function formatMemory(memoryBytes: number): string {
  let amount = memoryBytes;
  let power = 0;
  while (amount !== 0 && amount % 1024 === 0 && power < BINARY_SUFFIXES.length - 1) {
    amount /= 1024;
    power++;
  }
  return `${amount}${BINARY_SUFFIXES[power]}`;
}

/**
 * `quantity x 10^scale`, rounded up; undefined where the text is no quantity. Above the largest
 * safe integer it is only known to be above.
 */
function parseScaled(quantity: unknown, scale: number): number | undefined {
  const text = typeof quantity === 'number' ? String(quantity) : quantity;
  if (typeof text !== 'string' || text.length > MAX_QUANTITY_LENGTH) return undefined;
  const match = GRAMMAR.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  const decimals = fraction.slice(1);
  const digits = whole + decimals;
  if (digits === '') return undefined;
  // Also keeps `-0` and the like out: nothing that Berth measures can be below zero.
  if (sign === '-') return /^0+$/.test(digits) ? 0 : -1;
  const binaryPower = suffix === '' ? 0 : BINARY_SUFFIXES.indexOf(suffix);
  const tenExponent =
    (binaryPower > 0 ? 0 : (DECIMAL_EXPONENTS.get(suffix) ?? Number(suffix.slice(1)))) + scale;
  return scaleUp(digits, decimals.length, tenExponent, Math.max(0, binaryPower) * 10);
}

/** `digits x 10^(tenExponent - decimals) x 2^twoExponent`, rounded up. */
function scaleUp(
  digits: string,
  decimals: number,
  tenExponent: number,
  twoExponent: number,
): number {
  const exponent = tenExponent - decimals;
  if (digits.length <= 10 && exponent >= 0 && exponent <= 9) {
    const product = Number(digits) * 10 ** exponent * 2 ** twoExponent;
    if (product <= Number.MAX_SAFE_INTEGER) return product;
  }
  const amount = BigInt(digits);
  if (amount === 0n) return 0;
  if (exponent > MAX_EXPONENT) return Number.POSITIVE_INFINITY;
  if (exponent < -MAX_EXPONENT) return 1;
  const scaled = amount * 2n ** BigInt(twoExponent);
  if (exponent >= 0) return Number(scaled * 10n ** BigInt(exponent));
  const divisor = 10n ** BigInt(-exponent);
  return Number((scaled + divisor - 1n) / divisor);
}
