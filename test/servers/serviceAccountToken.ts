import {ApiError, sendOrThrow, type Transport} from '../../src/kube/transport.ts';

/**
 * A token of a ServiceAccount by TokenRequest; the account and its namespace are made if missing.
 */
export async function serviceAccountToken(
  transport: Transport,
  account: {readonly namespace: string; readonly serviceAccount: string},
): Promise<string> {
  const {namespace, serviceAccount} = account;
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await createIfMissing(transport, '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {name: namespace},
  });
  await createIfMissing(transport, accounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {name: serviceAccount},
  });
  const request = await sendOrThrow<{status: {token: string}}>(transport, {
    method: 'POST',
    path: `${accounts}/${serviceAccount}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {expirationSeconds: 3_600},
    },
  });
  return request.status.token;
}

async function createIfMissing(transport: Transport, path: string, body: object): Promise<void> {
  const call = {method: 'POST', path, body} as const;
  const reply = await transport.send(call);
  if (reply.status >= 400 && reply.status !== 409) throw new ApiError(call, reply);
}
