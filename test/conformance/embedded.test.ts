import {EmbeddedApiServer} from '../../src/embedded/embeddedApiServer.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {conformance} from './conformance.ts';

conformance('the embedded API server', () => {
  const server = new EmbeddedApiServer({clock: systemClock});
  const transport = server.transport();
  return Promise.resolve({transport, close: () => transport.close()});
});
