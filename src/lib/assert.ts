/** Stops on a programmer's error. Never for input: that becomes a typed result or a condition. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}
