/** As many as one transport has connections. */
const lanes = 32;

/** Runs over all items, `lanes` at a time; the first failure ends it. */
export async function inLanes<T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({length: lanes}, async () => {
      for (const item of left) await run(item);
    }),
  );
}
