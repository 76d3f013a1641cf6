/**
 * Negative when `left` is older, 0 when both are the same, positive when it is newer; undefined
 * where the API server gives no order (anything but a decimal number without a leading zero).
 * All objects of one kind count with one counter, so this orders any two of them. Source: KEP-5504.
 */
export function compareResourceVersions(left: string, right: string): number | undefined {
  if (left === right) return 0;
  if (!isNumber(left) || !isNumber(right)) return undefined;
  // Decimal texts, as the counter is 64 bits wide and a double would round it.
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : 1;
}

/** True only where `left` is surely older than `right`. */
export function isOlder(left: string, right: string): boolean {
  const order = compareResourceVersions(left, right);
  return order !== undefined && order < 0;
}

/** True unless `candidate` is surely not newer than `reference`. */
export function isNewerVersion(candidate: string, reference: string): boolean {
  const order = compareResourceVersions(candidate, reference);
  return order === undefined || order > 0;
}

/** The newer of both; `right` where there is no order, as what came last is the better guess. */
export function newerOf(left: string | undefined, right: string): string {
  return left !== undefined && isOlder(right, left) ? left : right;
}

/** Not by a pattern: each event is compared a dozen times. */
function isNumber(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 48 || code > 57) return false;
  }
  return text.length === 1 || (text.length > 1 && !text.startsWith('0'));
}
