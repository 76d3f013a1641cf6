import type {Resource} from '../kube/resource.ts';
import type {ApiObject} from './apiObject.ts';
import {type ApiStatus, Refusal} from './apiStatus.ts';
import type {Kind} from './kind.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

export interface AdmissionContext {
  /** Of the transport that the call came by. */
  readonly user: string;
  readonly subresource: 'status' | undefined;
  readonly dryRun: boolean;
}

/**
 * Judges a write after defaults and validation; a status refuses it. Of a DELETE `object` and `old`
 * are both the object to delete. `old` of a CREATE is undefined. What is inside of both belongs to
 * the server: copying it cost a fifth of a write.
 */
export type AdmissionRule = (
  operation: Operation,
  object: ApiObject,
  old: ApiObject | undefined,
  context: AdmissionContext,
) => ApiStatus | undefined;

export interface Admission {
  readonly resource: Pick<Resource, 'group' | 'plural'>;
  readonly rule: AdmissionRule;
}

/** Asks every rule of the kind, in the order of their registration. @throws Refusal */
export function admit(
  admissions: readonly Admission[],
  {resource: {group, plural}}: Kind,
  write: {
    operation: Operation;
    object: ApiObject;
    old: ApiObject | undefined;
    subresource?: 'status' | undefined;
    user: string;
    dryRun: boolean;
  },
): void {
  for (const {resource, rule} of admissions) {
    if (resource.group !== group || resource.plural !== plural) continue;
    const {operation, object, old, subresource, user, dryRun} = write;
    const context = {user, subresource, dryRun};
    const refused = rule(operation, {...object}, old && {...old}, context);
    if (refused) throw new Refusal(refused);
  }
}
