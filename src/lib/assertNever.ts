/** Ends a `switch` over a closed union: a new member that nobody handles no longer compiles. */
export function assertNever(value: never): never {
  throw new Error(
    `Cannot continue as every case must be handled: current value is ${JSON.stringify(value)}`,
  );
}
