import {describeWithServers} from '../servers/requireServers.ts';
import {conformance} from './conformance.ts';

describeWithServers('the real API server', ['api'], (servers) => {
  conformance('does what the suite says', () => Promise.resolve({transport: servers.transport()}));
});
