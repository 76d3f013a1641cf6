const factors: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * A Kubernetes quantity times `scale`, rounded up; NaN where it is none. Not the operator's parser,
 * on purpose: one mistake must not be made twice.
 */
export function amount(quantity: unknown, scale: number): number {
  const key = `${scale} ${String(quantity)}`;
  const known = amounts.get(key);
  if (known !== undefined) return known;
  if (amounts.size >= maxAmounts) amounts.clear();
  const read = readAmount(quantity, scale);
  amounts.set(key, read);
  return read;
}

/** The same few amounts come again with each event; beyond it all are forgotten at once. */
const maxAmounts = 4_096;
const amounts = new Map<string, number>();

function readAmount(quantity: unknown, scale: number): number {
  const [, digits = 'NaN', suffix = ''] =
    /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  const factor = factors[suffix] ?? Number.NaN;
  return Math.ceil(Number((Number(digits) * factor * scale).toPrecision(15)));
}
