export function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(1)} ms`;
}

export function seconds(value: number | undefined): string {
  return value === undefined ? '-' : `${(value / 1000).toFixed(2)} s`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
