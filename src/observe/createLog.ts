import pino from 'pino';
import type {Log} from '../lib/log.ts';

export interface CreateLogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Where lines go; standard output when absent. */
  readonly destination?: {write(line: string): void};
}

/** Keys that never reach a log line, wherever somebody puts them and however they are written. */
const secretKeys = ['password', 'token', 'authorization', 'secret', 'clientKey'];
const secret = new Set(secretKeys.map((key) => key.toLowerCase()));
const censor = '[redacted]';
/** Of the keys of one line; what lies deeper is no key of ours, and not worth a walk. */
const maxDepth = 8;

/** JSON lines by pino: a constant message plus keys, RFC 3339 time, level as a word. */
export function createLog({level, destination}: CreateLogOptions): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // Paths of pino's own redaction have a fixed depth; it is left to the keys of children alone.
    formatters: {
      level: (label) => ({level: label}),
      log: (keys) => Object.fromEntries(withoutSecrets(keys, 0)),
    },
    redact: {paths: secretKeys, censor},
  };
  return destination ? pino(options, destination) : pino(options);
}

function withoutSecrets(keys: object, depth: number): [string, unknown][] {
  return Object.entries(keys).map(([key, value]) => [
    key,
    secret.has(key.toLowerCase()) ? censor : cleaned(value, depth + 1),
  ]);
}

/** Errors, dates and the like are left to pino. */
function cleaned(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) return '[too deep]';
  if (Array.isArray(value)) return value.map((one) => cleaned(one, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(withoutSecrets(value, depth));
}
