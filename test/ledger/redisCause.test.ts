import {inspect} from 'node:util';
import {describe, expect, it} from 'vitest';
import {redisCause} from '../../src/ledger/redisCause.ts';

describe('the cause of a Redis outage', () => {
  it.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', 'passwordFile'],
    ['NOAUTH Authentication required.', 'passwordFile'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", 'grant'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'start Redis'],
    ['getaddrinfo ENOTFOUND redis', 'DNS'],
    ['unable to verify the first certificate; UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'caFile'],
    ['self-signed certificate in certificate chain', 'caFile'],
    ["The user executing the script can't run this command or subcommand script", 'grant'],
    ["READONLY You can't write against a read only replica.", 'primary'],
    ['MOVED 3999 127.0.0.1:6381', 'cluster'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'maxmemory'],
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ['Command timed out', 'in time'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'connection'],
  ])('says for "%s" what to do: %s', (message, wanted) => {
    const cause = redisCause('127.0.0.1:6379', new Error(message));
    expect(cause.message).toMatch(/^Cannot use Redis at 127\.0\.0\.1:6379 as [^\n]+$/);
    expect(cause.message).toContain(wanted);
    expect(cause.cause).toMatchObject({message});
  });

  it('repeats an error that it does not know', () => {
    expect(redisCause('r:1', new Error('something new')).message).toBe(
      'Cannot use Redis at r:1 as something new',
    );
  });

  it('drops what may hold a password: the command, and the arguments that Redis repeats', () => {
    const message = "ERR unknown command 'AUTH', with args beginning with: 'berth' 's3cret' ";
    const command = {name: 'auth', args: ['berth', 's3cret']};
    const cause = redisCause('r:1', Object.assign(new Error(message), {command}));
    expect(inspect(cause, {depth: 9})).not.toContain('s3cret');
    expect(cause.message).toContain("unknown command 'AUTH'");
  });
});
