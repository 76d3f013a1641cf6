import {execFile} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';

/** Certificates of a Redis that speaks TLS, as PEM files. */
export interface RedisTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const run = promisify(execFile);

/**
 * Makes an authority and a certificate with the `openssl` command, for 127.0.0.1, localhost and
 * further `names`.
 */
export async function makeRedisTls(
  folder: string,
  names: readonly string[] = [],
): Promise<RedisTls> {
  const at = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = ['-x509', '-days', '2', '-subj', '/CN=berth-test-ca'];
  await run('openssl', [
    'req',
    ...authority,
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
  ]);
  const request = ['-new', '-subj', '/CN=localhost'];
  await run('openssl', [
    'req',
    ...request,
    ...key,
    '-keyout',
    at('tls.key'),
    '-out',
    at('tls.csr'),
  ]);
  const alternatives = ['IP:127.0.0.1', ...['localhost', ...names].map((name) => `DNS:${name}`)];
  writeFileSync(at('tls.ext'), `subjectAltName=${alternatives.join(',')}\n`);
  const signer = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2'];
  const extension = ['-extfile', at('tls.ext')];
  await run('openssl', [
    'x509',
    '-req',
    '-in',
    at('tls.csr'),
    ...signer,
    ...extension,
    '-out',
    at('tls.crt'),
  ]);
  return {caFile: at('ca.crt'), certFile: at('tls.crt'), keyFile: at('tls.key')};
}
