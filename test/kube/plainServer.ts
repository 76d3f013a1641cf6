import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** A plain HTTP server on a free port that counts its connections. */
export interface PlainServer {
  readonly url: string;
  readonly connections: number;
  readonly requests: readonly {line: string; headers: IncomingMessage['headers']; body: string}[];
  close(): Promise<void>;
}

/** @param answer called for each request, when its body is in */
export async function startPlainServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<PlainServer> {
  let connections = 0;
  const requests: {line: string; headers: IncomingMessage['headers']; body: string}[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      requests.push({line: `${request.method} ${request.url}`, headers: request.headers, body});
      answer(request, response);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
