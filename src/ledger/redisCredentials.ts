import {readFileSync} from 'node:fs';
import {isIP} from 'node:net';
import type {ConnectionOptions} from 'node:tls';

export interface RedisOptions {
  /** `redis://HOST:PORT` or `rediss://HOST:PORT`, with `/DATABASE` where it is not 0. */
  readonly url: string;
  /** ACL user; the one of the URL when absent. */
  readonly username?: string | undefined;
  /** Asked at each connect where it is a function, so that a rotated password is picked up. */
  readonly password?: string | (() => string) | undefined;
  /** TLS also where the URL says `redis://`. Its files are read at each connect. */
  readonly tls?: RedisTlsOptions | undefined;
  /** Start of every key. */
  readonly keyPrefix: string;
  /** A command without a reply by then counts as an outage. */
  readonly commandTimeoutMs: number;
}

export interface RedisTlsOptions {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly serverName?: string | undefined;
}

/** Of one connection, in the words of ioredis. */
export interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls?: ConnectionOptions;
}

/**
 * Reads password and certificates, from their files where they are in files.
 * @throws Error of the file system, or of the password's function
 */
export function readCredentials({
  url: text,
  username,
  password,
  tls,
}: Pick<RedisOptions, 'url' | 'username' | 'password' | 'tls'>): Credentials {
  const url = new URL(text);
  const secret = typeof password === 'function' ? password() : password;
  return {
    username: username ?? (decodeURIComponent(url.username) || undefined),
    password: secret ?? (decodeURIComponent(url.password) || undefined),
    ...(tls || url.protocol === 'rediss:' ? {tls: tlsOptions(url.hostname, tls ?? {})} : {}),
  };
}

function tlsOptions(hostname: string, tls: RedisTlsOptions): ConnectionOptions {
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  const name = tls.serverName ?? (isIP(hostname) === 0 ? hostname : undefined);
  return {
    ca: read(tls.caFile),
    cert: read(tls.certFile),
    key: read(tls.keyFile),
    ...(name === undefined ? {} : {servername: name}),
  };
}
