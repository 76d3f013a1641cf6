import {type ApiCall, type Transport, TransportError} from '../../src/kube/transport.ts';
import {sleep, systemClock} from '../../src/lib/clock.ts';

const retryMs = 200;

/**
 * Sends a call until its answer is one of `wanted`: any other one is that of a server which has
 * just started, or is overwhelmed. Returns false when `signal` aborted before.
 */
export async function untilDone(
  transport: Transport,
  call: ApiCall,
  wanted: readonly number[],
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      const {status} = await transport.send(call);
      if (wanted.includes(status)) return true;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
    }
    await sleep(systemClock, retryMs, signal);
  }
  return false;
}
