import {aclRules} from './redisScript.ts';

/** How an error shows itself, and the sentence that says what it is and what to do. */
interface Known {
  readonly pattern: RegExp;
  readonly sentence: string;
}

/**
 * First match wins. Patterns are of Redis' error replies and of Node's error codes and messages.
 */
const known: readonly Known[] = [
  {
    pattern: /WRONGPASS|invalid username-password|invalid password/i,
    sentence: 'it refused the user name or password: set ledger.redis.username and passwordFile',
  },
  {
    pattern: /NOAUTH|Authentication required/i,
    sentence: 'it wants a password: set ledger.redis.passwordFile',
  },
  {
    pattern: /NOPERM|user executing the script can't run/,
    sentence: `its ACL user may not do this: grant it ${aclRules.join(' ')} on the ledger's keys`,
  },
  {
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID/,
    sentence: 'its certificate carries another name: set ledger.redis.tls.serverName',
  },
  {
    pattern: /CERT_HAS_EXPIRED/,
    sentence: 'its certificate has expired: renew it',
  },
  {
    pattern: /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|self.signed/,
    sentence: 'nobody known signed its certificate: set ledger.redis.tls.caFile',
  },
  {
    pattern: /wrong.version.number|WRONG_VERSION_NUMBER|packet length too long/i,
    sentence: 'it does not speak TLS there: use redis:// without tls, or its TLS port',
  },
  {
    pattern: /certificate.required|ALERT_(CERTIFICATE|HANDSHAKE|BAD_CERTIFICATE|UNKNOWN_CA)/i,
    sentence: 'it wants a client certificate: set ledger.redis.tls.certFile and keyFile',
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN/,
    sentence: 'its name is unknown: look at ledger.redis.url and at the DNS',
  },
  {
    pattern: /ECONNREFUSED/,
    sentence: 'nothing listens there: start Redis or set ledger.redis.url',
  },
  {
    pattern: /READONLY/,
    sentence: 'it is a replica: let ledger.redis.url lead to the primary (trying again)',
  },
  {
    pattern: /MOVED|CLUSTERDOWN|^ *ASK /,
    sentence:
      'the keys live on another server of its cluster: let ledger.redis.url lead to that one',
  },
  {
    pattern: /^OOM|\bOOM command/,
    sentence: 'its memory is full: raise maxmemory, with maxmemory-policy noeviction',
  },
  {
    pattern: /MISCONF/,
    sentence: 'it cannot save to its disk and refuses writes: look at its log',
  },
  {pattern: /LOADING/, sentence: 'it is still loading its data from disk (trying again)'},
  {
    pattern: /ETIMEDOUT|timed out|Socket timeout/,
    sentence: 'it gave no answer in time: look at its load and at the network (trying again)',
  },
  {
    pattern:
      /ECONNRESET|EPIPE|Connection is closed|connection close|isn't writeable|max retries per request/,
    sentence: 'the connection broke; where TLS is wanted, the url must be rediss:// (trying again)',
  },
];

/**
 * One sentence on why Redis cannot be used and what to do, with the original's message as its
 * `cause`. Holds no secret: `address` is host and port only, and of the original only the message
 * is kept, as ioredis hangs the whole command on its errors, AUTH with its password too.
 */
export function redisCause(address: string, error: Error): Error {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // What an old Redis says to a command that it does not know ends in its arguments.
  const message = error.message.replace(/,? with args beginning with:.*$/s, '');
  const match = known.find(({pattern}) => pattern.test(`${code} ${message}`));
  return new Error(`Cannot use Redis at ${address} as ${match ? match.sentence : message}`, {
    cause: Object.assign(new Error(message), {code}),
  });
}
