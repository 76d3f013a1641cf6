import {namespaces} from '../kube/resource.ts';
import type {ApiObject} from './apiObject.ts';
import {forbidden, notFound, type Subject} from './apiStatus.ts';

/** Refuses to create in a namespace that is missing (404) or going (403). */
export function refuseInNamespace(
  subject: Subject,
  name: string,
  namespace: ApiObject | undefined,
): void {
  if (!namespace) throw notFound({resource: namespaces, name});
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  throw forbidden(subject, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${name} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}
