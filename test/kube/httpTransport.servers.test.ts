import {expect, it} from 'vitest';
import {connect} from '../../src/kube/connect.ts';
import {leases, pathOf} from '../../src/kube/resource.ts';
import {sendOrThrow} from '../../src/kube/transport.ts';
import {describeWithServers} from '../servers/requireServers.ts';

describeWithServers('the HTTP transport on a real API server', ['api'], (servers) => {
  const path = pathOf(leases, {namespace: 'default'});
  const lease = (name: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {name},
    spec: {},
  });

  it('connects by kubeconfig and learns the version', async () => {
    const connection = await connect({kubeconfigPath: servers.api.kubeconfigPath});
    await connection.transport.close();
    expect(connection).toMatchObject({
      url: servers.api.url,
      namespace: 'default',
      serverVersion: expect.stringMatching(/^v1\.\d+/),
    });
  });

  it('says in one sentence that a token is not accepted', async () => {
    const {url, caFile} = servers.api;
    await expect(connect({url, caFile, token: 'wrong'})).rejects.toThrow(
      /^Cannot log in to the API server at .*\(401\)/,
    );
  });

  it('says in one sentence that the certificate is not trusted', async () => {
    const {url, adminToken: token} = servers.api;
    await expect(connect({url, token})).rejects.toThrow(
      /^Cannot reach the API server at https:.*certificate/,
    );
  });

  it('gives a ServiceAccount a token that is known and has no rights', async () => {
    const token = await servers.tokenFor({namespace: 'default', serviceAccount: 'nobody'});
    const reply = await servers.transport(token).send({method: 'GET', path});
    expect(reply).toMatchObject({status: 403, body: {reason: 'Forbidden'}});
  });

  it('creates, patches with a stale version (409) and reads back', async () => {
    const transport = servers.transport();
    const made = await sendOrThrow<{metadata: {resourceVersion: string}}>(transport, {
      method: 'POST',
      path,
      body: lease('patched'),
    });
    const patch = (holderIdentity: string) =>
      transport.send({
        method: 'PATCH',
        path: `${path}/patched`,
        contentType: 'application/merge-patch+json',
        body: {
          metadata: {resourceVersion: made.metadata.resourceVersion},
          spec: {holderIdentity},
        },
      });
    expect((await patch('first')).status).toBe(200);
    expect(await patch('second')).toMatchObject({status: 409, body: {reason: 'Conflict'}});
    const read = await transport.send({method: 'GET', path: `${path}/patched`});
    expect(read.body).toMatchObject({spec: {holderIdentity: 'first'}});
  });

  it('streams a list as initial events (WatchList), then what is new', async () => {
    const transport = servers.transport();
    await sendOrThrow(transport, {method: 'POST', path, body: lease('before')});
    const stop = new AbortController();
    const watch = await transport.watch(
      {
        method: 'GET',
        path,
        query: {
          watch: true,
          sendInitialEvents: true,
          allowWatchBookmarks: true,
          resourceVersionMatch: 'NotOlderThan',
          fieldSelector: 'metadata.name!=patched',
        },
      },
      stop.signal,
    );
    expect(watch.status).toBe(200);
    const seen: string[] = [];
    for await (const line of watch.lines) {
      const event = JSON.parse(line) as {type: string; object: {metadata: {name?: string}}};
      seen.push(`${event.type} ${event.object.metadata.name ?? ''}`.trim());
      if (event.type === 'BOOKMARK') {
        await sendOrThrow(transport, {method: 'POST', path, body: lease('after')});
      }
      if (event.object.metadata.name === 'after') stop.abort();
    }
    expect(seen).toEqual(['ADDED before', 'BOOKMARK', 'ADDED after']);
  });
});
