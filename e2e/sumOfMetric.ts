/**
 * Sum of a metric over its labels that match, from the text of `/metrics`; of a counter that has
 * counted nothing yet, 0.
 *
 * @throws Error when the text knows no metric of that name
 */
export function sumOfMetric(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = name.replace(/_(sum|count|bucket)$/, '');
  if (!text.includes(`# TYPE ${family} `) && !text.includes(`# TYPE ${name} `)) {
    throw new Error(`Cannot read the metric ${name} as /metrics has no TYPE line of it`);
  }
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
