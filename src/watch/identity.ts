import {asObject, asText, type RawObject} from '../api/rawObject.ts';

/** What tells one state of one object from every other. */
export interface ObjectIdentity {
  /** `namespace/name`, or the name alone for a cluster-scoped object. */
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Undefined for what is no object of an API server. */
export function identityOf(object: RawObject): ObjectIdentity | undefined {
  const metadata = asObject(object.metadata);
  const name = asText(metadata.name);
  const namespace = asText(metadata.namespace);
  const resourceVersion = asText(metadata.resourceVersion);
  if (name === '' || resourceVersion === '') return undefined;
  const key = namespace === '' ? name : `${namespace}/${name}`;
  return {key, uid: asText(metadata.uid), resourceVersion};
}

/**
 * The object without `metadata.managedFields`, which nobody here reads and which is nearly half of
 * an object's bytes (3.0 against 1.65 KB). A copy: an in-process server still owns the original.
 */
export function withoutManagedFields(object: RawObject): RawObject {
  const metadata = asObject(object.metadata);
  if (metadata.managedFields === undefined) return object;
  const {managedFields: _, ...kept} = metadata;
  return {...object, metadata: kept};
}
