import {readdir} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type RealApiServer, startApiServer} from '../servers/apiServer.ts';
import {describeWithPrograms} from './describeWithPrograms.ts';
import {kustomizationAt} from './manifests.ts';
import {root, runOrThrow} from './programs.ts';

const folder = `${root}deploy/samples`;
const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));

let server: RealApiServer;

function kubectl(...args: readonly string[]): Promise<string> {
  return runOrThrow('kubectl', args, {kubeconfig: server.kubeconfigPath});
}

async function namesOf(kind: string, pattern: RegExp): Promise<string[]> {
  const names = await kubectl('get', kind, '--output', 'name');
  return names.split('\n').filter((name) => pattern.test(name));
}

await describeWithPrograms(
  'kubectl apply of the samples',
  ['kubectl', 'kube-apiserver', 'etcd'],
  () => {
    beforeAll(async () => {
      server = await startApiServer();
      await kubectl('apply', '-k', kustomizationAt('overlays/agents'));
      await kubectl('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all');
    });

    afterAll(() => server?.stop());

    describe('the samples', () => {
      it.each(files)('%s is taken by the API server, field for field', async (file) => {
        // Strict: a field that the schema does not know is an error and not only dropped.
        const args = ['apply', '--validate=strict', '--filename', `${folder}/${file}`];
        await expect(kubectl(...args)).resolves.toMatch(/ created/);
      });

      it('are a burst of a hundred requests on twenty workers', async () => {
        expect(await namesOf('workers', /\/worker-\d\d$/)).toHaveLength(20);
        expect(await namesOf('containerrequests', /\/burst-\d\d\d$/)).toHaveLength(100);
      });
    });
  },
);
