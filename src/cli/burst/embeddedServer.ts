import {readdirSync, readFileSync} from 'node:fs';
import {parse as parseYaml} from 'yaml';
import {
  EmbeddedApiServer,
  type EmbeddedApiServerOptions,
} from '../../embedded/embeddedApiServer.ts';
import {type Clock, systemClock} from '../../lib/clock.ts';
import {systemRandom} from '../../lib/random.ts';

/** An API server in this process that knows the kinds of Berth. */
export function startEmbeddedServer(
  options: Pick<EmbeddedApiServerOptions, 'onCall'> & {readonly clock?: Clock} = {},
): EmbeddedApiServer {
  const server = new EmbeddedApiServer({clock: systemClock, ...options, random: systemRandom});
  for (const crd of readCrds()) server.applyCrd(crd);
  return server;
}

/** The CRDs lie beside the bundle, or beside the source. */
function readCrds(): readonly object[] {
  const folders = [new URL('./crds/', import.meta.url), new URL('../../../crds/', import.meta.url)];
  for (const folder of folders) {
    try {
      return readdirSync(folder)
        .filter((file) => file.startsWith('berth.dev_'))
        .map((file) => parseYaml(readFileSync(new URL(file, folder), 'utf8')) as object);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('Cannot find the CRDs: neither beside the bundle nor in crds/ of the project');
}
