import {type Transport, TransportError} from './transport.ts';

/**
 * A way to an API server whose writes leave only while `mayWrite`. It is asked at the call, and
 * again when a connection takes it: in between the process may have been stopped for minutes.
 */
export function fencedTransport(inner: Transport, mayWrite: () => boolean): Transport {
  return {
    async send(call, signal) {
      if (call.method === 'GET') return inner.send(call, signal);
      if (!mayWrite()) {
        const message = `Cannot ${call.method} ${call.path}: this replica does not lead`;
        throw new TransportError(message, {neverSent: true});
      }
      return inner.send({...call, isWanted: mayWrite}, signal);
    },
    watch: (call, signal) => inner.watch(call, signal),
    close: () => inner.close(),
  };
}
