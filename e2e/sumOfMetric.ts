/** Sum of a metric over its labels that match, from the text of `/metrics`. */
export function sumOfMetric(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, found, labelText = '', value] =
      /^([a-z0-9_]+)(?:\{(.*)\})? ([\d.e+-]+)$/.exec(line) ?? [];
    const matches = Object.entries(labels).every(([key, wanted]) =>
      labelText.includes(`${key}="${wanted}"`),
    );
    if (found === name && matches) sum += Number(value);
  }
  return sum;
}
