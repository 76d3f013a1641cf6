import {apiVersionOf, type Resource} from '../kube/resource.ts';
import type {ApiObject} from './apiObject.ts';
import type {StatusCause} from './apiStatus.ts';
import type {JsonObject} from './json.ts';
import type {Schema} from './schema.ts';

/** How the server treats one kind: what a CRD says, or what is built in. */
export interface Kind {
  readonly resource: Resource;
  readonly listKind: string;
  /** Defaults, validation and pruning; absent: anything goes. */
  readonly schema?: Schema;
  /** The schema has CEL rules, which this server does not evaluate. */
  readonly hasRules: boolean;
  readonly statusSubresource: boolean;
  /** A write of the status may change labels and annotations too; custom resources never. */
  readonly statusMayRelabel: boolean;
  /** Of a CRD: replies and refusals differ in small ways from those of built-in kinds. */
  readonly custom: boolean;
  readonly hasGeneration: boolean;
  /** PUT of a name that does not exist creates it. */
  readonly createOnUpdate: boolean;
  /** PUT needs no resourceVersion. */
  readonly unconditionalUpdate: boolean;
  /** Paths that a field selector may name, beside metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
  /** What an object gets that is created; changes `object`. */
  readonly prepareCreate?: (object: ApiObject) => void;
  /** What is wrong with it, beyond the schema; `old` is absent on create. */
  readonly validate?: (object: ApiObject, old: ApiObject | undefined) => StatusCause[];
  /** Why the JSON is no such object at all (400), for example a malformed time. */
  readonly malformed?: (object: JsonObject) => string | undefined;
  /** Seconds between deletion mark and removal; absent: none. */
  readonly graceSeconds?: (object: ApiObject, wanted: number | undefined) => number;
}

export function kindDefaults(resource: Resource): Kind {
  return {
    resource,
    listKind: `${resource.kind}List`,
    hasRules: false,
    statusSubresource: true,
    statusMayRelabel: true,
    custom: false,
    hasGeneration: false,
    createOnUpdate: false,
    unconditionalUpdate: true,
    selectableFields: [],
  };
}

/** Start of the JSON text of every stored object of the kind. */
export function typeMetaOf(kind: Kind): {apiVersion: string; kind: string} {
  return {apiVersion: apiVersionOf(kind.resource), kind: kind.resource.kind};
}
