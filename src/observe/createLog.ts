import pino from 'pino';
import type {Log} from './log.ts';

export interface CreateLogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Where lines go; standard output when absent. */
  readonly destination?: {write(line: string): void};
}

/** Keys that never reach a log line, wherever somebody puts them. */
const secretKeys = ['password', 'token', 'authorization', 'secret', 'clientKey'];

/** JSON lines by pino: a constant message plus keys, RFC 3339 time, level as a word. */
export function createLog({level, destination}: CreateLogOptions): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {level: (label) => ({level: label})},
    redact: {paths: secretKeys.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]'},
  };
  return destination ? pino(options, destination) : pino(options);
}
