/**
 * A list as short as could be found that still fails: halves, quarters and so on are left out as
 * long as it fails without them. Zeller's ddmin ("Simplifying and Isolating Failure-Inducing
 * Input", 2002), so that nothing of the result alone can be left out.
 *
 * @param items that fail
 * @param fails whether these fail as well; called at most `maxTries` times
 */
export async function shrink<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => Promise<boolean>,
  maxTries = 200,
): Promise<readonly Item[]> {
  let left = items;
  let parts = 2;
  let tries = 0;
  while (left.length > 0 && parts <= left.length * 2 && tries < maxTries) {
    const size = Math.ceil(left.length / parts);
    let isShorter = false;
    for (let first = 0; first < left.length && tries < maxTries; first += size) {
      const rest = [...left.slice(0, first), ...left.slice(first + size)];
      tries++;
      if (!(await fails(rest))) continue;
      left = rest;
      isShorter = true;
      break;
    }
    if (isShorter) parts = Math.max(parts - 1, 2);
    else if (size === 1) break;
    else parts *= 2;
  }
  return left;
}
