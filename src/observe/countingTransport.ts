import type {Transport} from '../kube/transport.ts';
import type {Metrics} from './metrics.ts';

/** Counts every call by method and HTTP status, as client-go does; `error` where no reply came. */
export function countingTransport(transport: Transport, {apiRequests}: Metrics): Transport {
  const counted = async <Reply extends {readonly status: number}>(
    method: string,
    call: () => Promise<Reply>,
  ): Promise<Reply> => {
    try {
      const reply = await call();
      apiRequests.inc({method, code: String(reply.status)});
      return reply;
    } catch (error) {
      apiRequests.inc({method, code: 'error'});
      throw error;
    }
  };
  return {
    send: (call, signal) => counted(call.method, () => transport.send(call, signal)),
    watch: (call, signal) => counted('WATCH', () => transport.watch(call, signal)),
    close: () => transport.close(),
  };
}
