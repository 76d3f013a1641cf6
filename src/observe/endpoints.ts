import {createServer, type RequestListener, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Metrics} from './metrics.ts';

/** One thing that must hold before the operator is ready; `waitingFor` is for people. */
export interface Check {
  readonly name: string;
  /** Undefined: it holds. Else one sentence that says what is waited for. */
  readonly waitingFor: () => string | undefined;
}

/** Serves `/metrics`. Returns the address it listens on and how to end it. */
export function serveMetrics(bindAddress: string, metrics: Metrics): Promise<Endpoint> {
  return listen('metrics', bindAddress, (request, response) => {
    if (pathOf(request.url) !== '/metrics') return void response.writeHead(404).end('not found\n');
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, {'content-type': metrics.registry.contentType}).end(text),
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    );
  });
}

/**
 * Serves `/healthz` (the process answers: always ok) and `/readyz` (every check holds), the latter
 * with one line a check for `?verbose` and always when it fails, as kube-apiserver does.
 */
export function serveHealth(bindAddress: string, checks: readonly Check[]): Promise<Endpoint> {
  return listen('health', bindAddress, (request, response) => {
    const path = pathOf(request.url);
    if (path === '/healthz') return void response.writeHead(200).end('ok\n');
    if (path !== '/readyz') return void response.writeHead(404).end('not found\n');
    const lines: string[] = [];
    let failed = 0;
    for (const {name, waitingFor} of checks) {
      const reason = waitingFor();
      if (reason !== undefined) failed++;
      lines.push(reason === undefined ? `[+]${name} ok` : `[-]${name} failed: ${reason}`);
    }
    const isVerbose = failed > 0 || (request.url ?? '').includes('?verbose');
    const last = failed === 0 ? 'readyz check passed' : 'readyz check failed';
    const body = isVerbose ? [...lines, last].join('\n') : 'ok';
    response.writeHead(failed === 0 ? 200 : 503, {'content-type': 'text/plain'}).end(`${body}\n`);
  });
}

export interface Endpoint {
  /** `HOST:PORT` with the port really taken. */
  readonly address: string;
  close(): Promise<void>;
}

async function listen(
  name: string,
  bindAddress: string,
  listener: RequestListener,
): Promise<Endpoint> {
  const colon = bindAddress.lastIndexOf(':');
  const host = bindAddress.slice(0, colon).replace(/^\[|\]$/g, '');
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new Error(
          `Cannot serve ${name} on ${bindAddress}: ${cause.message}; choose another ${name}.bindAddress`,
          {cause},
        ),
      ),
    );
    server.listen(Number(bindAddress.slice(colon + 1)), host === '' ? undefined : host, resolve);
  });
  const {port} = server.address() as AddressInfo;
  return {address: `${host === '' ? '0.0.0.0' : host}:${port}`, close: () => closeServer(server)};
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function pathOf(url = '/'): string {
  return url.split('?', 1)[0]!;
}
