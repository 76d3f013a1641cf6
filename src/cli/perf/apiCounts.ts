import type {AnsweredCall} from '../../embedded/endpoint.ts';
import {leases, ledgers, pathOf, workers} from '../../kube/resource.ts';
import type {Transport} from '../../kube/transport.ts';
import {type CallCounts, noCounts} from './callCounts.ts';

/** What the `apiserver_request_total` series of /metrics says. */
export interface CountedRequest {
  readonly resource: string;
  readonly subresource?: string;
  readonly verbs: readonly string[];
}

/** Requests that an API server has answered, by the text of its /metrics. */
export function requestsIn(metrics: string, counted: CountedRequest): number {
  const {resource, subresource = '', verbs} = counted;
  let sum = 0;
  for (const line of metrics.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const isCounted =
      line.includes(`,resource="${resource}"`) &&
      line.includes(`subresource="${subresource}"`) &&
      verbs.some((verb) => line.includes(`verb="${verb}"`));
    if (isCounted) sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

/** By the API server that answers; nothing where this account may not read its /metrics. */
export async function countsOfMetrics(transport: Transport): Promise<CallCounts> {
  const reply = await transport.send<string>({method: 'GET', path: '/metrics'});
  if (reply.status !== 200 || typeof reply.body !== 'string') return noCounts;
  const status = {subresource: 'status', verbs: ['PUT', 'PATCH', 'APPLY']};
  const count = (counted: CountedRequest) => requestsIn(reply.body, counted);
  return {
    commits: count({resource: 'ledgers', ...status}),
    lockCalls: count({resource: 'leases', verbs: ['POST', 'DELETE']}),
    statusWrites: count({resource: 'containerrequests', ...status}),
    workerLists: count({resource: 'workers', verbs: ['LIST']}),
  };
}

/** Counts the calls of an embedded API server as it answers them. */
export class EmbeddedCounts {
  readonly #counts = {commits: 0, lockCalls: 0, statusWrites: 0, workerLists: 0};

  readonly onCall = ({method, path, isWatch}: AnsweredCall): void => {
    const isStatus = /^(PUT|PATCH)$/.test(method) && path.endsWith('/status');
    if (isStatus && path.startsWith(`${pathOf(ledgers)}/`)) this.#counts.commits++;
    else if (isStatus && path.includes('/containerrequests/')) this.#counts.statusWrites++;
    else if (method === 'GET' && path === pathOf(workers) && !isWatch) this.#counts.workerLists++;
    else if (path.includes(`/${leases.plural}`) && /^(POST|DELETE)$/.test(method)) {
      this.#counts.lockCalls++;
    }
  };

  get counts(): CallCounts {
    return {...this.#counts};
  }
}
