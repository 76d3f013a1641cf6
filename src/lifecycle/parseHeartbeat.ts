import {asObject, asText} from '../api/rawObject.ts';

/**
 * An agent renews the Lease of this name with its Worker's name behind it, in the operator's
 * namespace.
 */
export const heartbeatPrefix = 'berth-worker-';

/** A sign of life of an agent. */
export interface Heartbeat {
  readonly workerName: string;
  /** Changes with each renewal; compared, never read as a time. */
  readonly mark: string;
}

/**
 * The heartbeat in a Lease; undefined for other Leases, and for one that nobody holds. Never
 * throws.
 */
export function parseHeartbeat(object: unknown): Heartbeat | undefined {
  const {metadata, spec} = asObject(object);
  const {holderIdentity, renewTime} = asObject(spec);
  const workerName = workerOfLease(asText(asObject(metadata).name));
  if (workerName === undefined) return undefined;
  const [holder, renewed] = [asText(holderIdentity), asText(renewTime)];
  return holder === '' || renewed === '' ? undefined : {workerName, mark: `${renewed} ${holder}`};
}

/** The worker whose heartbeat has that name; undefined for other Leases. */
export function workerOfLease(name: string): string | undefined {
  return name.startsWith(heartbeatPrefix) ? name.slice(heartbeatPrefix.length) : undefined;
}
