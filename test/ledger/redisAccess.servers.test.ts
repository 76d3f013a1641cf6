import {copyFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, vi} from 'vitest';
import {aclRules} from '../../src/ledger/redisScript.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {makeTempFolder, removeTempFolder} from '../servers/tempFolder.ts';
import {makeAllocation, makeCommit} from './allocations.ts';
import {assign, RedisFixture, settled} from './redisFixture.ts';

const signal = new AbortController().signal;
const ok = {kind: 'committed', rejects: [undefined]};
describeWithServers('the redis ledger and its rights', ['redis'], () => {
  const redis = new RedisFixture();

  describe('who may use Redis', () => {
    it('says that the password is wrong, and reads it again for the next connection', async () => {
      await redis.start({users: ['user default on >right ~* &* +@all']});
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
      await redis.start({users: ['user default on >right ~* &* +@all']});
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
    let ca: {caFile: string};
    let client: {certFile: string; keyFile: string};

    beforeEach(async () => {
      await redis.start({tls: true});
      const {tls} = redis.server;
      if (!tls) throw new Error('Cannot test TLS as Redis was started without');
      ca = {caFile: tls.caFile};
      // Any certificate of the authority is a client's: the server's own will do.
      client = {certFile: tls.certFile, keyFile: tls.keyFile};
      await redis.makeAdmin().config('SET', 'tls-auth-clients', 'yes');
    });

    const refusal = (wanted: string) => ({
      kind: 'unavailable',
      cause: {message: expect.stringContaining(wanted)},
    });

    it('commits with a client certificate', async () => {
      const ledger = redis.makeLedger({tls: {...ca, ...client, serverName: 'localhost'}});
      await settled(ledger);
      expect(await assign(ledger, 'a')).toEqual(ok);
    });

    it.each([
      ['no CA', () => client, 'caFile'],
      ['another name', () => ({...ca, ...client, serverName: 'x.test'}), 'serverName'],
      ['no client certificate', () => ca, 'certFile'],
      ['a file that is not there', () => ({caFile: '/nowhere/ca.pem'}), '/nowhere/ca.pem'],
    ])('says what to set for %s', async (_title, tls, wanted) => {
      const ledger = redis.makeLedger({tls: tls()});
      await vi.waitFor(async () =>
        expect(await ledger.open(1, signal)).toMatchObject(refusal(wanted)),
      );
    });

    it('says so where plain text is spoken to a TLS port', async () => {
      const url = redis.server.url.replace('rediss:', 'redis:');
      expect(await redis.makeLedger({url}).open(1, signal)).toMatchObject(refusal('rediss://'));
    });

    it('reads a certificate again that was not there at first', async () => {
      const folder = makeTempFolder('late-certificate');
      const caFile = join(folder, 'ca.pem');
      const ledger = redis.makeLedger({tls: {...client, caFile}});
      expect(await ledger.open(1, signal)).toMatchObject(refusal('ca.pem'));
      copyFileSync(ca.caFile, caFile);
      await vi.waitFor(
        async () => expect(await ledger.open(1, signal)).toMatchObject({kind: 'opened'}),
        {timeout: 5000},
      );
      removeTempFolder(folder);
    });
  });
});
