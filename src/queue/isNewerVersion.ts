/**
 * True unless `candidate` is surely not newer than `reference`. Resource versions of one kind are
 * growing whole numbers (guaranteed since Kubernetes 1.35, true of etcd before); of anything else
 * nothing is sure.
 */
export function isNewerVersion(candidate: string, reference: string): boolean {
  if (!DECIMAL.test(candidate) || !DECIMAL.test(reference)) return candidate !== reference;
  // As text: beyond 2^53 numbers would round.
  if (candidate.length !== reference.length) return candidate.length > reference.length;
  return candidate > reference;
}

const DECIMAL = /^[1-9]\d*$/;
