import {describe, expect, it} from 'vitest';
import {serverUrlOf} from '../../src/cli/serverUrl.ts';

describe('the address of a server', () => {
  it.each([
    ['http://127.0.0.1:8001', 'http://127.0.0.1:8001'],
    ['https://api.example/', 'https://api.example'],
    ['https://[::1]:6443/clusters/one/', 'https://[::1]:6443/clusters/one'],
  ])('%s is used without the slash at its end', (text, url) => {
    expect(serverUrlOf(text)).toBe(url);
  });

  it.each([
    ['no URL', '127.0.0.1', 'is no URL'],
    ['no scheme of a server', 'secret:6443', 'begins with secret:'],
    ['another scheme', 'ftp://10.0.0.1', 'begins with ftp:'],
    ['a user', 'https://secret@10.0.0.1', 'has a user or a password'],
    ['a query', 'https://10.0.0.1/?token=secret', 'has a query or a fragment'],
    ['a fragment', 'https://10.0.0.1/#secret', 'has a query or a fragment'],
  ])('with %s is refused', (_, text, problem) => {
    expect(() => serverUrlOf(text)).toThrow(
      new Error(
        `Cannot use --server as it must be http(s)://HOST:PORT without user, password and query: current value ${problem}`,
      ),
    );
  });
});
