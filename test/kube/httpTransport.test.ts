import type {IncomingMessage, ServerResponse} from 'node:http';
import {afterEach, describe, expect, it} from 'vitest';
import {HttpTransport, type HttpTransportOptions} from '../../src/kube/httpTransport.ts';
import {TransportError} from '../../src/kube/transport.ts';
import {type PlainServer, startPlainServer} from './plainServer.ts';

const open: {close(): Promise<void>}[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<HttpTransportOptions> = {},
): Promise<{server: PlainServer; transport: HttpTransport}> {
  const server = await startPlainServer(answer);
  const transport = new HttpTransport({url: server.url, ...options});
  open.push(server, transport);
  return {server, transport};
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(value));
}

const never = new AbortController().signal;

async function failureOf(work: Promise<unknown>): Promise<TransportError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof TransportError) return outcome;
  throw new Error(
    `Cannot go on as a TransportError was wanted: current value is ${String(outcome)}`,
  );
}

describe('connections', () => {
  it('serves 400 calls at once over no more connections than the pool has', async () => {
    const {server, transport} = await serve((_, response) => sendJson(response, 200, {}), {
      connections: 8,
    });
    const call = {method: 'GET', path: '/version'} as const;
    await Promise.all(Array.from({length: 200}, () => transport.send(call)));
    await Promise.all(Array.from({length: 200}, () => transport.send(call)));
    expect(server.requests).toHaveLength(400);
    expect(server.connections).toBeLessThanOrEqual(8);
  });

  it('gives a Lease call its own connection while every other one is taken', async () => {
    const {transport} = await serve(
      (request, response) => {
        if (request.url === '/lease') sendJson(response, 200, {});
      },
      {connections: 2},
    );
    const slow = {method: 'GET', path: '/slow'} as const;
    const waiting = Promise.allSettled([
      ...Array.from({length: 4}, () => transport.send(slow)),
      ...Array.from({length: 3}, () => transport.watch(slow, never)),
    ]);
    const reply = await transport.send({method: 'GET', path: '/lease', lane: 'lease'});
    expect(reply.status).toBe(200);
    await transport.close();
    expect((await waiting).every(({status}) => status === 'rejected')).toBe(true);
  });
});

describe('requests', () => {
  it('sends method, query, body, content type and credentials', async () => {
    const {server, transport} = await serve((_, response) => sendJson(response, 200, {a: 1}), {
      credentials: () => Promise.resolve({headers: {authorization: 'Bearer t'}, tls: {}}),
    });
    const reply = await transport.send({
      method: 'PATCH',
      path: '/apis/berth.dev/v1alpha1/workers/w-1',
      query: {fieldManager: 'a b', dryRun: undefined, limit: 5},
      body: {spec: {}},
      contentType: 'application/merge-patch+json',
    });
    expect(reply).toEqual({status: 200, body: {a: 1}});
    expect(server.requests[0]).toMatchObject({
      line: 'PATCH /apis/berth.dev/v1alpha1/workers/w-1?fieldManager=a+b&limit=5',
      body: '{"spec":{}}',
      headers: {authorization: 'Bearer t', 'content-type': 'application/merge-patch+json'},
    });
  });

  it('puts the path of the server address before the path of the call', async () => {
    const server = await startPlainServer((_, response) => sendJson(response, 200, {}));
    const transport = new HttpTransport({url: `${server.url}/k8s/clusters/c-1/`});
    open.push(server, transport);
    await transport.send({method: 'GET', path: '/version'});
    expect(server.requests[0]?.line).toBe('GET /k8s/clusters/c-1/version');
  });

  it('reads the credentials again after a 401 and repeats the call with new ones', async () => {
    let token = 'old';
    const {server, transport} = await serve(
      (request, response) => {
        const known = request.headers.authorization === 'Bearer new';
        sendJson(response, known ? 200 : 401, {});
      },
      {
        credentials: (afterRefusal) => {
          if (afterRefusal) token = 'new';
          return Promise.resolve({headers: {authorization: `Bearer ${token}`}, tls: {}});
        },
        clock: {nowMs: () => 0, monotonicMs: performanceLater(), setTimer: () => () => {}},
      },
    );
    expect((await transport.send({method: 'GET', path: '/x'})).status).toBe(200);
    expect(server.requests).toHaveLength(2);
  });

  it('reports a 401 once, without a repetition, when the credentials stay the same', async () => {
    const {server, transport} = await serve((_, response) => sendJson(response, 401, {}));
    expect((await transport.send({method: 'GET', path: '/x'})).status).toBe(401);
    expect(server.requests).toHaveLength(1);
  });

  it.each(['ftp://127.0.0.1', 'not an address'])(
    'refuses %j as server address, naming it',
    (url) => {
      expect(() => new HttpTransport({url})).toThrow(url);
    },
  );
});

/** Every look at the clock is two seconds after the one before. */
function performanceLater(): () => number {
  let nowMs = 0;
  return () => {
    nowMs += 2_000;
    return nowMs;
  };
}

describe('replies', () => {
  it.each([
    {name: 'text of a success stays text', status: 200, type: 'text/plain', text: 'ok', body: 'ok'},
    {
      name: 'nothing is undefined',
      status: 200,
      type: 'application/json',
      text: '',
      body: undefined,
    },
    {
      name: 'plain text of a 429 becomes the message of a Status',
      status: 429,
      type: 'text/plain',
      text: 'Too many requests, please try again later.\n',
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        code: 429,
        message: 'Too many requests, please try again later.',
      },
    },
    {
      name: 'broken JSON of a 500 becomes the message of a Status',
      status: 500,
      type: 'application/json',
      text: '{"a',
      body: {kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 500, message: '{"a'},
    },
  ])('$name', async ({status, type, text, body}) => {
    const {transport} = await serve((_, response) => {
      response.writeHead(status, {'content-type': type}).end(text);
    });
    expect(await transport.send({method: 'GET', path: '/x'})).toEqual({status, body});
  });

  it('carries Retry-After in milliseconds', async () => {
    const {transport} = await serve((_, response) => {
      response.writeHead(429, {'retry-after': '3'}).end();
    });
    expect((await transport.send({method: 'GET', path: '/x'})).retryAfterMs).toBe(3_000);
  });

  it('keeps a character whole that two chunks share', async () => {
    const {transport} = await serve((_, response) => {
      const bytes = Buffer.from('{"name":"Kö"}');
      response.writeHead(200, {'content-type': 'application/json'});
      response.write(bytes.subarray(0, 11));
      setImmediate(() => response.end(bytes.subarray(11)));
    });
    expect((await transport.send({method: 'GET', path: '/x'})).body).toEqual({name: 'Kö'});
  });
});

describe('calls without a whole reply', () => {
  it('says that a refused connection never sent anything', async () => {
    const server = await startPlainServer(() => {});
    await server.close();
    const transport = new HttpTransport({url: server.url});
    open.push(transport);
    const error = await failureOf(transport.send({method: 'POST', path: '/x', body: {}}));
    expect(error).toMatchObject({neverSent: true, message: expect.stringMatching(/ECONNREFUSED/)});
  });

  it('says that an unknown name never sent anything', async () => {
    const transport = new HttpTransport({url: 'http://no-such-host.invalid:1'});
    open.push(transport);
    expect((await failureOf(transport.send({method: 'GET', path: '/x'}))).neverSent).toBe(true);
  });

  it.each([
    {name: 'before the head', cut: (response: ServerResponse) => response.destroy()},
    {
      name: 'in the middle of the body',
      cut: (response: ServerResponse) => {
        response.writeHead(200, {'content-length': '100', 'content-type': 'application/json'});
        response.write('{"a":', () => response.destroy());
      },
    },
  ])('leaves open whether it happened when the connection breaks $name', async ({cut}) => {
    const {transport} = await serve((_, response) => cut(response));
    const error = await failureOf(transport.send({method: 'POST', path: '/x', body: {}}));
    expect(error.neverSent).toBe(false);
  });

  /** One connection, which is open: what it takes to open it is of no call's time. */
  async function serveOnlyFast() {
    const served = await serve(
      (request, response) => {
        if (request.url === '/fast') sendJson(response, 200, {});
      },
      {connections: 1},
    );
    expect((await served.transport.send({method: 'GET', path: '/fast'})).status).toBe(200);
    return served;
  }

  it('ends at its own deadline, and the pool goes on', async () => {
    const {transport} = await serveOnlyFast();
    const error = await failureOf(transport.send({method: 'PUT', path: '/slow', timeoutMs: 20}));
    expect(error.message).toBe('Cannot PUT /slow: no whole reply within 20 ms');
    expect(error.neverSent).toBe(false);
    expect((await transport.send({method: 'GET', path: '/fast'})).status).toBe(200);
  });

  it('knows that a call whose turn never came was not sent', async () => {
    const {server, transport} = await serveOnlyFast();
    const first = failureOf(transport.send({method: 'PUT', path: '/first', timeoutMs: 200}));
    const second = failureOf(transport.send({method: 'PUT', path: '/second', timeoutMs: 20}));
    expect((await second).neverSent).toBe(true);
    expect((await first).neverSent).toBe(false);
    expect(server.requests.map(({line}) => line)).toEqual(['GET /fast', 'PUT /first']);
  });

  it('stops at once when the caller gives up, before and during the call', async () => {
    const {transport} = await serve(() => {});
    const during = new AbortController();
    const work = failureOf(transport.send({method: 'GET', path: '/x'}, during.signal));
    setImmediate(() => during.abort());
    expect((await work).message).toMatch(/given up by the caller/);
    const before = failureOf(transport.send({method: 'GET', path: '/x'}, AbortSignal.abort()));
    expect((await before).neverSent).toBe(true);
  });

  it('refuses every call after close', async () => {
    const {transport} = await serve((_, response) => sendJson(response, 200, {}));
    await transport.send({method: 'GET', path: '/x'});
    await transport.close();
    expect((await failureOf(transport.send({method: 'GET', path: '/x'}))).neverSent).toBe(true);
  });
});

describe('watches', () => {
  async function collect(lines: AsyncIterable<string>): Promise<string[]> {
    const all: string[] = [];
    for await (const line of lines) all.push(line);
    return all;
  }

  it('gives each line as it comes and ends as the server does', async () => {
    const {transport} = await serve((_, response) => {
      response.writeHead(200, {'content-type': 'application/json'});
      response.write('{"n":1}\n{"n"');
      setImmediate(() => response.end(':2}\r\n\n{"n":3}'));
    });
    const reply = await transport.watch({method: 'GET', path: '/w'}, never);
    expect(reply.status).toBe(200);
    expect(await collect(reply.lines)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  it('loses no line of a long stream that is read slowly', async () => {
    const count = 20_000;
    const {transport} = await serve((_, response) => {
      for (let at = 0; at < count; at++) response.write(`{"n":${at},"pad":"${'x'.repeat(100)}"}\n`);
      response.end();
    });
    const reply = await transport.watch({method: 'GET', path: '/w'}, never);
    let expected = 0;
    for await (const line of reply.lines) {
      if (expected % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (!line.startsWith(`{"n":${expected},`)) throw new Error(`line ${expected} is ${line}`);
      expected += 1;
    }
    expect(expected).toBe(count);
  });

  it('gives the parsed error of a refused watch', async () => {
    const {transport} = await serve((_, response) =>
      sendJson(response, 410, {kind: 'Status', reason: 'Expired'}),
    );
    const reply = await transport.watch({method: 'GET', path: '/w'}, never);
    expect(reply).toMatchObject({status: 410, error: {reason: 'Expired'}});
    expect(await collect(reply.lines)).toEqual([]);
  });

  it('throws when the connection breaks, after the lines that came whole', async () => {
    const {transport} = await serve((_, response) => {
      response.writeHead(200);
      response.write('one\ntw', () => setTimeout(() => response.destroy(), 20));
    });
    const reply = await transport.watch({method: 'GET', path: '/w'}, never);
    const seen: string[] = [];
    const error = await failureOf(
      (async () => {
        for await (const line of reply.lines) seen.push(line);
      })(),
    );
    expect(seen).toEqual(['one']);
    expect(error.message).toMatch(/^Cannot GET \/w: /);
  });

  it('ends without an error when the signal aborts', async () => {
    const {transport} = await serve((_, response) => {
      response.writeHead(200);
      response.write('one\n');
    });
    const stop = new AbortController();
    const reply = await transport.watch({method: 'GET', path: '/w'}, stop.signal);
    const seen: string[] = [];
    for await (const line of reply.lines) {
      seen.push(line);
      stop.abort();
    }
    expect(seen).toEqual(['one']);
  });

  it('hangs up when its reader leaves', async () => {
    let hungUp = () => {};
    const closed = new Promise<void>((resolve) => {
      hungUp = resolve;
    });
    const {transport} = await serve((_, response) => {
      response.on('close', hungUp);
      response.writeHead(200);
      response.write('one\n');
    });
    const reply = await transport.watch({method: 'GET', path: '/w'}, never);
    for await (const _ of reply.lines) break;
    await closed;
  });

  it('refuses a line without an end instead of filling the memory', async () => {
    const {transport} = await serve(
      (_, response) => {
        response.writeHead(200);
        response.write('x'.repeat(2_000));
      },
      {maxLineBytes: 1_000},
    );
    const reply = await transport.watch({method: 'GET', path: '/w'}, never);
    expect((await failureOf(collect(reply.lines))).message).toMatch(/at most 1000 bytes/);
  });

  it('gives up when no head comes, but lets an open stream be silent for longer', async () => {
    const {transport} = await serve(
      (request, response) => {
        if (request.url === '/mute') return;
        response.writeHead(200);
        response.flushHeaders();
        setTimeout(() => response.end('late\n'), 150);
      },
      {timeoutsMs: {watch: 50}},
    );
    const mute = failureOf(transport.watch({method: 'GET', path: '/mute'}, never));
    expect((await mute).message).toMatch(/no whole reply within 50 ms/);
    const reply = await transport.watch({method: 'GET', path: '/late'}, never);
    expect(await collect(reply.lines)).toEqual(['late']);
  });
});
