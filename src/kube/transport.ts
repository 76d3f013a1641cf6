/** One call to a Kubernetes API server. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path without query, for example `/apis/berth.dev/v1alpha1/workers/w-1/status`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; `application/json` when absent. PATCH must name one. */
  readonly contentType?: PatchType | 'application/json';
  /** Which connections carry it, so that a burst of one kind cannot hold up another. */
  readonly lane?: Lane;
  /** Until the whole reply is in; the lane's default when absent. Not for watches. */
  readonly timeoutMs?: number;
  /** Asked when a connection takes it: false gives it up, never sent. Absent: it is wanted. */
  readonly isWanted?: () => boolean;
}

export type PatchType =
  | 'application/merge-patch+json'
  | 'application/json-patch+json'
  | 'application/apply-patch+yaml';

/**
 * `ledger` is apart from `api`: a commit must not wait behind the placements of the batch before.
 */
export type Lane = 'api' | 'ledger' | 'watch' | 'lease';

export interface ApiReply<T = unknown> {
  readonly status: number;
  /** The parsed JSON; for a status of 400 and above a metav1.Status where the server sent one. */
  readonly body: T;
  /** From `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * A reply that arrives line by line. `lines` throws `TransportError` when the connection breaks.
 */
export interface WatchReply {
  readonly status: number;
  readonly retryAfterMs?: number;
  /** The parsed body of a reply that is no stream (status 400 and above). */
  readonly error?: unknown;
  /** Each line's text, without the line break; empty when `error` is set. */
  readonly lines: AsyncIterable<string>;
}

/**
 * The way to an API server: over HTTP (`httpTransport.ts`) or in process (`../embedded/`).
 * Both resolve for every HTTP status, and reject with `TransportError` where no whole reply came.
 */
export interface Transport {
  send<T = unknown>(call: ApiCall, signal?: AbortSignal): Promise<ApiReply<T>>;
  /** Opens a stream; it ends when the server ends it or `signal` aborts. */
  watch(call: ApiCall, signal: AbortSignal): Promise<WatchReply>;
  /** Drops every connection. */
  close(): Promise<void>;
}

/** No whole reply came: what was asked may or may not have happened. Read, then decide. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** True when the request surely never reached the server (refused, name unknown, bad TLS). */
  readonly neverSent: boolean;

  constructor(message: string, options: {cause?: unknown; neverSent?: boolean} = {}) {
    super(message, {cause: options.cause});
    this.neverSent = options.neverSent ?? false;
  }
}

/** The server replied with a status of 400 or above. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /**
   * `reason` of the metav1.Status, for example `NotFound`, `AlreadyExists`, `Conflict`, `Expired`.
   */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(
    call: Pick<ApiCall, 'method' | 'path'>,
    reply: Pick<ApiReply, 'status' | 'body' | 'retryAfterMs'>,
  ) {
    const status = reply.body as {reason?: string; message?: string} | undefined;
    super(
      `Cannot ${call.method} ${call.path}: ${reply.status} ${status?.message ?? status?.reason ?? ''}`.trim(),
    );
    this.status = reply.status;
    this.reason = status?.reason ?? '';
    this.retryAfterMs = reply.retryAfterMs;
  }
}

/** `send`, for callers that have no use for an error status: it throws `ApiError` instead. */
export async function sendOrThrow<T>(
  transport: Transport,
  call: ApiCall,
  signal?: AbortSignal,
): Promise<T> {
  const reply = await transport.send<T>(call, signal);
  if (reply.status >= 400) throw new ApiError(call, reply);
  return reply.body;
}
