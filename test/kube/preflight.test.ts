import {describe, expect, it} from 'vitest';
import {preflight} from '../../src/kube/preflight.ts';
import type {ApiCall, ApiReply, Transport} from '../../src/kube/transport.ts';

/** @param denied `verb plural[/subresource]` of what access reviews refuse */
function fakeServer(options: {unknown?: string[]; denied?: string[]; reviews?: number}): Transport {
  const answer = (call: ApiCall): ApiReply => {
    if (call.method === 'GET') {
      const plural = call.path.split('/').at(-1)!;
      return {status: options.unknown?.includes(plural) ? 404 : 200, body: {}};
    }
    const {verb, resource, subresource} = (
      call.body as {spec: {resourceAttributes: Record<string, string>}}
    ).spec.resourceAttributes;
    const name = `${verb} ${[resource, subresource].filter(Boolean).join('/')}`;
    const allowed = !options.denied?.includes(name);
    return {status: options.reviews ?? 201, body: {status: {allowed}}};
  };
  return {
    send: <T>(call: ApiCall) => Promise.resolve(answer(call) as ApiReply<T>),
    watch: () => Promise.reject(new Error('nothing is watched')),
    close: () => Promise.resolve(),
  };
}

describe('what is looked at before the start', () => {
  const all = {leaseNamespace: 'berth-system', usesLedgerObject: true};

  it.each([
    {name: 'all is well', server: {}, options: all, problems: []},
    {
      name: 'the CRDs are missing',
      server: {unknown: ['workers', 'ledgers']},
      options: all,
      problems: [
        'Cannot start as the API server does not know workers.berth.dev, ledgers.berth.dev: apply the CRDs first (kubectl apply -k crds, or the chart)',
      ],
    },
    {
      name: 'rights are missing',
      server: {denied: ['patch containerrequests/status', 'create leases']},
      options: all,
      problems: [
        'Cannot start as this account may not patch containerrequests/status, create leases in namespace berth-system: bind it to the roles of deploy/ (the chart does)',
      ],
    },
    {
      name: 'only what is not used is missing',
      server: {unknown: ['ledgers'], denied: ['create ledgers', 'patch leases']},
      options: {usesLedgerObject: false},
      problems: [],
    },
    {
      name: 'the server has no access reviews',
      server: {denied: ['list pods'], reviews: 404},
      options: all,
      problems: [],
    },
  ])('$name', async ({server, options, problems}) => {
    expect(await preflight({transport: fakeServer(server), ...options})).toEqual(problems);
  });
});
