import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, vi} from 'vitest';
import {aclRules} from '../../src/ledger/redisScript.ts';
import {makeAllocation, makeCommit} from './allocations.ts';
import {assign, RedisFixture, settled} from './redisFixture.ts';

const signal = new AbortController().signal;
const ok = {kind: 'committed', rejects: [undefined]};
const redis = new RedisFixture();

describe('who may use Redis', () => {
  it('says that the password is wrong, and reads it again for the next connection', async () => {
    await redis.start('--requirepass', 'right');
    let password = 'wrong';
    const ledger = redis.makeLedger({password: () => password});
    expect(await ledger.open(1, signal)).toMatchObject({
      kind: 'unavailable',
      cause: {message: expect.stringContaining('passwordFile')},
    });
    password = 'right';
    await vi.waitFor(
      async () => expect(await ledger.open(1, signal)).toMatchObject({kind: 'opened'}),
      {timeout: 5000},
    );
  });

  it('says that a password is wanted, and never prints the one it has', async () => {
    await redis.start('--requirepass', 'right');
    const url = redis.server.url.replace('//', '//:s3cret@');
    for (const options of [{}, {url}, {password: 's3cret'}]) {
      const opened = await redis.makeLedger(options).open(1, signal);
      expect(opened).toMatchObject({kind: 'unavailable'});
      if (opened.kind !== 'unavailable') continue;
      expect(opened.cause.message).toContain('passwordFile');
      expect(opened.cause.message).not.toContain('s3cret');
    }
  });

  const acl = ['~test:{berth}:*', '-@all', ...aclRules];

  it('works for an ACL user with the least rights', async () => {
    await redis.start();
    await redis
      .makeAdmin()
      .acl('SETUSER', 'berth', 'on', '>secret', 'resetkeys', 'resetchannels', ...acl);
    const ledger = redis.makeLedger({username: 'berth', password: 'secret'});
    await settled(ledger);
    expect(await assign(ledger, 'a')).toEqual(ok);
    const release = makeCommit({cycle: 2, releases: ['a']});
    expect(await ledger.commit(release, signal)).toMatchObject({kind: 'committed'});
    expect(await ledger.audit(signal)).toMatchObject({kind: 'audited'});
    expect(await ledger.open(2, signal)).toMatchObject({kind: 'opened'});
  });

  it.each(acl.filter((rule) => rule !== '-@all'))(
    'says what is missing where the user lacks %s',
    async (rule) => {
      await redis.start();
      const rest = acl.filter((other) => other !== rule);
      await redis.makeAdmin().acl('SETUSER', 'berth', 'on', '>secret', 'resetkeys', ...rest);
      const ledger = redis.makeLedger({username: 'berth', password: 'secret'});
      const results = [
        await ledger.open(1, signal),
        await ledger.settle(1, [makeAllocation('a')], signal),
        await ledger.commit(makeCommit({releases: ['a']}), signal),
        await ledger.audit(signal),
      ];
      expect(results).toContainEqual({
        kind: 'unavailable',
        cause: expect.objectContaining({message: expect.stringContaining('grant')}),
      });
    },
  );
});

describe('Redis over TLS', () => {
  const openssl = (folder: string, ...args: string[]) =>
    execFileSync('openssl', args, {cwd: folder, stdio: 'pipe'});

  /** A certificate authority, a server certificate for `redis.test`, and a client's. */
  function makeCertificates(folder: string): void {
    const subject = (name: string) => ['-subj', `/CN=${name}`, '-days', '2'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl(
      folder,
      'req',
      '-x509',
      ...key,
      ...subject('test-ca'),
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    );
    writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:redis.test\n');
    for (const name of ['server', 'client']) {
      const request = ['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`];
      openssl(folder, 'req', '-new', ...key, ...request);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
      openssl(
        folder,
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        ...by,
        '-days',
        '2',
        '-out',
        `${name}.pem`,
      );
    }
  }

  beforeEach(async () => {
    await redis.create();
    makeCertificates(redis.server.folder);
    const file = (name: string) => join(redis.server.folder, name);
    await redis.server.start(
      ...[
        '--port',
        '0',
        '--tls-port',
        String(redis.server.port),
        '--tls-ca-cert-file',
        file('ca.pem'),
      ],
      ...['--tls-cert-file', file('server.pem'), '--tls-key-file', file('server.key')],
    );
  });
  const file = (name: string) => join(redis.server.folder, name);
  const client = () => ({certFile: file('client.pem'), keyFile: file('client.key')});

  it('commits with a client certificate', async () => {
    const tls = {caFile: file('ca.pem'), serverName: 'redis.test', ...client()};
    const ledger = redis.makeLedger({tls});
    await settled(ledger);
    expect(await assign(ledger, 'a')).toEqual(ok);
  });

  it.each([
    ['no CA', () => ({serverName: 'redis.test', ...client()}), 'caFile'],
    [
      'another name',
      () => ({caFile: file('ca.pem'), serverName: 'x.test', ...client()}),
      'serverName',
    ],
    [
      'no client certificate',
      () => ({caFile: file('ca.pem'), serverName: 'redis.test'}),
      'certFile',
    ],
    ['a file that is not there', () => ({caFile: file('gone.pem')}), 'gone.pem'],
  ])('says what to set for %s', async (_title, tls, wanted) => {
    const ledger = redis.makeLedger({tls: tls()});
    await vi.waitFor(async () =>
      expect(await ledger.open(1, signal)).toMatchObject({
        kind: 'unavailable',
        cause: {message: expect.stringContaining(wanted)},
      }),
    );
  });

  it('says so where plain text is spoken to a TLS port', async () => {
    expect(await redis.makeLedger().open(1, signal)).toMatchObject({
      kind: 'unavailable',
      cause: {message: expect.stringContaining('rediss://')},
    });
  });

  it('reads a certificate again that was not there at first', async () => {
    const tls = {caFile: file('late.pem'), serverName: 'redis.test', ...client()};
    const ledger = redis.makeLedger({tls});
    expect(await ledger.open(1, signal)).toMatchObject({kind: 'unavailable'});
    openssl(redis.server.folder, 'x509', '-in', 'ca.pem', '-out', 'late.pem');
    await vi.waitFor(
      async () => expect(await ledger.open(1, signal)).toMatchObject({kind: 'opened'}),
      {timeout: 5000},
    );
  });
});
