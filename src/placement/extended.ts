/** `to`, a longer column, with what is in `from` at its start. */
export function extended<Column extends Int32Array | Float64Array>(
  from: Column,
  to: Column,
): Column {
  to.set(from);
  return to;
}
