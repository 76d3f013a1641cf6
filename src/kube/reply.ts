import type {ReplySink} from './exchange.ts';
import {type ApiReply, TransportError} from './transport.ts';

export type ReplyHeaders = Record<string, string | string[] | undefined>;

/** An error text that is no JSON may be a balancer's whole page. */
const MAX_ERROR_TEXT = 1_024;
/** A server that asks for more than this is down, and the caller's own backoff decides. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Gathers one reply and parses it once, when it is whole. */
export class ReplyCollector implements ReplySink {
  readonly #label: string;
  readonly #nowMs: () => number;
  readonly #settle: (outcome: ApiReply | TransportError) => void;
  readonly #chunks: Buffer[] = [];
  #status = 0;
  #headers: ReplyHeaders = {};

  constructor(options: {
    label: string;
    /** Wall clock; for a Retry-After that is a date. */
    nowMs: () => number;
    settle: (outcome: ApiReply | TransportError) => void;
  }) {
    this.#label = options.label;
    this.#nowMs = options.nowMs;
    this.#settle = options.settle;
  }

  onHead(status: number, headers: ReplyHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onChunk(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onEnd(): void {
    const [only] = this.#chunks;
    const whole = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : only;
    const text = whole?.toString('utf8') ?? '';
    const wait = parseRetryAfter(this.#headers['retry-after'], this.#nowMs());
    try {
      const body = parseBody(text, this.#status, this.#headers['content-type']);
      this.#settle({
        status: this.#status,
        body,
        ...(wait !== undefined && {retryAfterMs: wait}),
      });
    } catch (cause) {
      // The write behind it has happened; only what it led to is unknown.
      const message = `Cannot ${this.#label}: the reply of status ${this.#status} is no JSON`;
      this.#settle(new TransportError(message, {cause}));
    }
  }

  onError(error: TransportError): void {
    this.#settle(error);
  }
}

/**
 * JSON as its value; other text of a success as the string (`/readyz`, `/metrics`); other text of
 * an error as a metav1.Status with that text as message (429 and balancers answer in plain text).
 * @throws SyntaxError when a success says it is JSON and is not
 */
function parseBody(text: string, status: number, type: string | string[] | undefined): unknown {
  if (text === '') return undefined;
  const isJson = String(type ?? '').includes('json');
  if (status < 400) return isJson ? JSON.parse(text) : text;
  if (isJson) {
    try {
      return JSON.parse(text);
    } catch {
      // Falls through: the status code says enough.
    }
  }
  const message = text.trim().slice(0, MAX_ERROR_TEXT);
  return {kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message};
}

/** `Retry-After` in milliseconds, of seconds or an HTTP date; undefined when absent or neither. */
export function parseRetryAfter(
  header: string | string[] | undefined,
  nowMs: number,
): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || text.trim() === '') return undefined;
  const delayMs = /^\s*\d+\s*$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  if (Number.isNaN(delayMs)) return undefined;
  return Math.min(Math.max(0, delayMs), MAX_RETRY_AFTER_MS);
}
