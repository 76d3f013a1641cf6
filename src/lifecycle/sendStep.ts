import {
  type ApiCall,
  ApiError,
  sendOrThrow,
  type Transport,
  TransportError,
} from '../kube/transport.ts';

/** What became of a write that is judged anew from what is there, whatever became of it. */
export type Sent =
  | {readonly kind: 'done'}
  /** The object is not any more what was judged: its newer state is on its way here. */
  | {readonly kind: 'outdated'}
  /** No answer, or the server asks for time. */
  | {readonly kind: 'busy'; readonly retryAfterMs: number | undefined}
  /** It would say the same to the same a moment later. */
  | {readonly kind: 'refused'; readonly message: string};

/** Sends a level-based write. @throws only what is a programmer's error */
export async function sendStep(
  transport: Transport,
  call: ApiCall,
  signal: AbortSignal,
): Promise<Sent> {
  try {
    await sendOrThrow(transport, call, signal);
    return {kind: 'done'};
  } catch (error) {
    if (error instanceof TransportError) return {kind: 'busy', retryAfterMs: undefined};
    if (!(error instanceof ApiError)) throw error;
    const {status, message, retryAfterMs} = error;
    if (status === 409 || status === 404) return {kind: 'outdated'};
    if (status === 400 || status === 403 || status === 422) return {kind: 'refused', message};
    return {kind: 'busy', retryAfterMs};
  }
}
