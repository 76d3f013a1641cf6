import {expect} from 'vitest';
import {apiVersionOf, containerRequests, pathOf, type Resource} from '../../src/kube/resource.ts';
import {
  type ApiCall,
  type ApiReply,
  sendOrThrow,
  type Transport,
} from '../../src/kube/transport.ts';

export type Fields = Record<string, unknown>;
/** What the message of refusal says; undefined: accepted. */
export type Refusal = RegExp | undefined;

/** The least that a request and a worker need. */
export const container = {image: 'app:v1'};
export const capacity = {cpu: '4', memory: '8Gi'};

export const namespace = 'default';
const at = (resource: Resource) => (resource.namespaced ? {namespace} : {});

/** An object of `resource` with `fields` beside its metadata. */
export function objectOf(resource: Resource, fields: Fields, name: string): Fields {
  const metadata = {name, ...at(resource)};
  return {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...fields};
}

/** Expects acceptance, or a refusal of which the message says `refusal`. */
export function expectVerdict(reply: ApiReply, refusal: Refusal): void {
  const {message = ''} = (reply.body ?? {}) as {message?: string};
  if (refusal === undefined) {
    expect(reply.status, message).toBeLessThan(300);
    return;
  }
  const wanted = {status: 422, message: expect.stringMatching(refusal)};
  expect({status: reply.status, message}).toEqual(wanted);
}

/** Calls to an API server about Berth's kinds. */
export class CrdCalls {
  readonly transport: Transport;
  readonly #prefix: string;
  #serial = 0;

  /** @param prefix of the names of created objects */
  constructor(transport: Transport, prefix: string) {
    this.transport = transport;
    this.#prefix = prefix;
  }

  /** Asks for a create without keeping it. */
  tryCreate(resource: Resource, fields: Fields, name = 'a'): Promise<ApiReply> {
    const path = pathOf(resource, at(resource));
    const body = objectOf(resource, fields, name);
    return this.transport.send({method: 'POST', path, body, query: {dryRun: 'All'}});
  }

  /** Creates an object, gives it `status`, and returns its name. */
  async create(resource: Resource, fields: Fields, status?: Fields): Promise<string> {
    const name = `${this.#prefix}-${++this.#serial}`;
    const path = pathOf(resource, at(resource));
    const body = objectOf(resource, fields, name);
    await sendOrThrow(this.transport, {method: 'POST', path, body});
    if (status) await sendOrThrow(this.transport, statusPatch(resource, name, status));
    return name;
  }

  patchStatus(resource: Resource, name: string, status: Fields): Promise<ApiReply> {
    return this.transport.send(statusPatch(resource, name, status));
  }

  /** Asks for a change of a request's spec without keeping it. */
  tryPatchSpec(name: string, spec: Fields): Promise<ApiReply> {
    return this.transport.send({
      method: 'PATCH',
      path: pathOf(containerRequests, {namespace, name}),
      body: {spec},
      contentType: 'application/merge-patch+json',
      query: {dryRun: 'All'},
    });
  }

  /** Names of the objects that a field selector finds. */
  async namesOf(resource: Resource, fieldSelector: string): Promise<string[]> {
    const list = await sendOrThrow<{items: {metadata: {name: string}}[]}>(this.transport, {
      method: 'GET',
      path: pathOf(resource, at(resource)),
      query: {fieldSelector},
    });
    return list.items.map((item) => item.metadata.name);
  }
}

function statusPatch(resource: Resource, name: string, status: Fields): ApiCall {
  return {
    method: 'PATCH',
    path: pathOf(resource, {...at(resource), name, subresource: 'status'}),
    body: {status},
    contentType: 'application/merge-patch+json',
  };
}
