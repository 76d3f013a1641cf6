import {once} from 'node:events';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {RedisConnection} from '../../src/ledger/redisConnection.ts';
import type {RedisOptions} from '../../src/ledger/redisCredentials.ts';
import {systemClock} from '../../src/lib/clock.ts';

describe('a connection to Redis', () => {
  const signal = new AbortController().signal;
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => heard.push(bytes.toString('latin1')));
  });
  const connections: RedisConnection[] = [];
  const connect = (options: Partial<RedisOptions>) => {
    const url = `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const connection = new RedisConnection(
      {url, keyPrefix: 'test', commandTimeoutMs: 200, password: 's3cret', ...options},
      systemClock,
    );
    connections.push(connection);
    return connection;
  };

  beforeEach(async () => {
    heard.length = 0;
    sockets.clear();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    for (const socket of sockets) socket.destroy();
    listener.close();
    await once(listener, 'close');
  });

  it('opens nothing before its first use', () => {
    connect({});
    expect(sockets.size).toBe(0);
  });

  it('sends its password, as this listener hears it where no TLS is wanted', async () => {
    await connect({}).connect(signal);
    expect(heard.join()).toContain('s3cret');
  });

  it('sends nothing in the clear where its certificates cannot be read', async () => {
    const connection = connect({tls: {caFile: '/nowhere/ca.pem'}});
    for (let tries = 0; tries < 2; tries++) {
      expect(await connection.connect(signal)).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining('/nowhere/ca.pem')},
      });
    }
    expect(heard).toEqual([]);
    expect(sockets.size).toBe(0);
  });

  it('gives up at once when it is told to stop', async () => {
    const stopped = AbortSignal.abort();
    expect(await connect({commandTimeoutMs: 60_000}).connect(stopped)).toMatchObject({
      kind: 'unavailable',
    });
  });
});
