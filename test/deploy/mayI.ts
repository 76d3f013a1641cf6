import {sendOrThrow, type Transport} from '../../src/kube/transport.ts';

/** A call that somebody may or may not make; `ResourceAttributes` of the authorization API. */
export interface Question {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  /** All namespaces when absent. */
  readonly namespace?: string;
}

/** Whether the bearer of the transport's token may do it: what `kubectl auth can-i` asks. */
export async function mayI(transport: Transport, question: Question): Promise<boolean> {
  const review = await sendOrThrow<{status: {allowed: boolean}}>(transport, {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {resourceAttributes: question},
    },
  });
  return review.status.allowed;
}

/** For the name of a test. */
export function sentenceOf({verb, resource, subresource, namespace}: Question): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/** One question a verb, about `plural` or `plural/subresource` of the group berth.dev. */
export function berth(resource: string, ...verbs: readonly string[]): Question[] {
  return core(resource, ...verbs).map((question) => ({...question, group: 'berth.dev'}));
}

/** One question a verb, about `plural` or `plural/subresource` of the core group. */
export function core(resource: string, ...verbs: readonly string[]): Question[] {
  const [plural, subresource] = resource.split('/');
  const about = {resource: plural!, ...(subresource && {subresource})};
  return verbs.map((verb) => ({verb, ...about}));
}

/** One question a verb, about the Leases of one namespace. */
export function leasesIn(namespace: string, ...verbs: readonly string[]): Question[] {
  const about = {group: 'coordination.k8s.io', resource: 'leases', namespace};
  return verbs.map((verb) => ({verb, ...about}));
}
