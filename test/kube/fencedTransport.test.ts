import {describe, expect, it} from 'vitest';
import {fencedTransport} from '../../src/kube/fencedTransport.ts';
import {HttpTransport} from '../../src/kube/httpTransport.ts';
import {startPlainServer} from './plainServer.ts';

describe('a replica that may not write', () => {
  const write = {method: 'PATCH', path: '/x', contentType: 'application/merge-patch+json'} as const;
  const neverSent = {neverSent: true};

  async function stage() {
    const answers: (() => void)[] = [];
    const server = await startPlainServer((_, response) => {
      answers.push(() => response.end('{}'));
    });
    const inner = new HttpTransport({url: server.url, connections: 1});
    const may = {write: true};
    const transport = fencedTransport(inner, () => may.write);
    const answerNext = async () => {
      await expect.poll(() => answers.length).toBeGreaterThan(0);
      answers.shift()!();
    };
    const close = async () => {
      await transport.close();
      await server.close();
    };
    return {server, transport, may, answerNext, close};
  }

  it('reads, and sends no write', async () => {
    const {server, transport, may, answerNext, close} = await stage();
    may.write = false;
    await expect(transport.send(write)).rejects.toMatchObject(neverSent);
    const read = transport.send({method: 'GET', path: '/x'});
    await answerNext();
    expect((await read).status).toBe(200);
    expect(server.requests.map(({line}) => line)).toEqual(['GET /x']);
    await close();
  });

  it('does not send a write either that has waited for its connection until then', async () => {
    const {server, transport, may, answerNext, close} = await stage();
    const first = transport.send(write);
    const second = expect(transport.send(write)).rejects.toMatchObject(neverSent);
    await expect.poll(() => server.requests.length).toBe(1);
    may.write = false;
    await answerNext();
    expect((await first).status).toBe(200);
    await second;
    const read = transport.send({method: 'GET', path: '/after'});
    await answerNext();
    await read;
    expect(server.requests.map(({line}) => line)).toEqual(['PATCH /x', 'GET /after']);
    // The refusal has cost no connection.
    expect(server.connections).toBe(1);
    await close();
  });
});
