import {describe, expect, it} from 'vitest';
import type {Log} from '../../src/lib/log.ts';
import {createLog} from '../../src/observe/createLog.ts';

function linesOf(act: (log: Log) => void, level: 'debug' | 'info' = 'debug') {
  const lines: string[] = [];
  act(createLog({level, destination: {write: (line) => lines.push(line)}}));
  return lines;
}

const s3cret = 's3cret';

describe('a log line', () => {
  it('is JSON: level as a word, RFC 3339 time, the keys, the message; nothing of the machine', () => {
    const [line] = linesOf((log) => log.info({cycle: 7, workerName: 'w-1'}, 'placed'));
    const {time, ...rest} = JSON.parse(line!) as Record<string, unknown>;
    expect(rest).toEqual({level: 'info', cycle: 7, workerName: 'w-1', msg: 'placed'});
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('below the level is not written', () => {
    const act = (log: Log) => {
      log.debug({}, 'detail');
      log.warn({}, 'important');
    };
    expect(linesOf(act, 'info')).toHaveLength(1);
    expect(linesOf(act, 'debug')).toHaveLength(2);
  });

  it('of a child carries its keys', () => {
    const [line] = linesOf((log) => log.child({identity: 'a'}).info({epoch: 1}, 'elected'));
    expect(JSON.parse(line!)).toMatchObject({identity: 'a', epoch: 1});
  });

  const nested = (value: object, depth: number): object =>
    depth === 0 ? value : {inner: nested(value, depth - 1)};
  const rows: readonly (readonly [string, object])[] = [
    ['a password', {password: s3cret}],
    ['a token', {token: s3cret}],
    ['a header', {headers: {Authorization: `Bearer ${s3cret}`}}],
    ['a client key', {user: {clientKey: s3cret}}],
    ['a setting, four levels down', {config: {ledger: {redis: {password: s3cret}}}}],
    ['one of a list', {users: [{name: 'a', secret: s3cret}]}],
    ['a whole object under a secret key', {secret: {user: s3cret}}],
    ['something as deep as anybody goes', nested({password: s3cret}, 7)],
    ['something deeper than that', nested({password: s3cret}, 20)],
  ];
  it.each(rows)('never shows %s', (_, keys) => {
    for (const line of [
      ...linesOf((log) => log.error(keys, 'failed')),
      ...linesOf((log) => log.child({token: s3cret}).info({}, 'child')),
    ]) {
      expect(line).not.toContain(s3cret);
      expect(line).toMatch(/\[redacted\]|\[too deep\]/);
    }
  });

  it('shows what only sounds like a secret, and leaves the keys of its caller alone', () => {
    const keys = {passwordFile: '/etc/redis/password', tokens: 3, at: new Date(0), none: null};
    const [line] = linesOf((log) => log.info({redis: keys}, 'starting'));
    const at = '1970-01-01T00:00:00.000Z';
    expect(JSON.parse(line!)).toMatchObject({redis: {...keys, at}});
    const secrets = {password: s3cret};
    linesOf((log) => log.info({secrets}, 'starting'));
    expect(secrets).toEqual({password: s3cret});
  });
});
