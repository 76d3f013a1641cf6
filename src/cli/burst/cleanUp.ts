import {containerRequests, ledgers, namespaces, pathOf, workers} from '../../kube/resource.ts';
import {type ApiCall, ApiError, type ApiReply, type Transport} from '../../kube/transport.ts';
import {sleep, systemClock} from '../../lib/clock.ts';
import {demoLabel} from './objects.ts';

export interface CleanUpOptions {
  readonly transport: Transport;
  /** What created it, for people. */
  readonly what: string;
  /** Of the demo or the measurement. */
  readonly name: string;
  readonly progress: (line: string) => void;
}

const tries = 5;
const retryMs = 1_000;
const pollMs = 200;
const goneTimeoutMs = 60_000;
/** Nobody may cut this short but a second signal, which ends the process. */
const never = new AbortController().signal;

/**
 * Removes everything that a demo or a measurement created, and waits until its namespace, with the
 * Lease and the Events in it, is gone. Whatever is missing already is fine.
 * @throws Error saying what may be left, and the command that removes it
 */
export async function cleanUp({what, transport, name, progress}: CleanUpOptions): Promise<void> {
  const labelSelector = `${demoLabel}=${name}`;
  const calls: readonly ApiCall[] = [
    {method: 'DELETE', path: pathOf(containerRequests, {namespace: name})},
    {method: 'DELETE', path: pathOf(workers), query: {labelSelector}},
    {method: 'DELETE', path: pathOf(ledgers, {name})},
    {method: 'DELETE', path: pathOf(namespaces, {name})},
  ];
  try {
    for (const call of calls) await insist(transport, call);
    if (await isGone(transport, name)) return;
    progress(`namespace ${name} is still terminating: the cluster removes it by itself`);
  } catch (cause) {
    throw new Error(
      `Cannot remove everything that the ${what} created: ${(cause as Error).message}; kubectl delete namespace,worker -l ${labelSelector} and kubectl delete ledger ${name} do`,
      {cause},
    );
  }
}

async function isGone(transport: Transport, name: string): Promise<boolean> {
  const endMs = systemClock.monotonicMs() + goneTimeoutMs;
  const call = {method: 'GET', path: pathOf(namespaces, {name})} as const;
  while ((await insist(transport, call)).status !== 404) {
    if (systemClock.monotonicMs() > endMs) return false;
    await sleep(systemClock, pollMs, never);
  }
  return true;
}

/** Tries again what failed in a way that may pass. */
async function insist(transport: Transport, call: ApiCall): Promise<ApiReply> {
  for (let attempt = 1; ; attempt++) {
    try {
      const reply = await transport.send(call);
      if (reply.status < 400 || reply.status === 404) return reply;
      throw new ApiError(call, reply);
    } catch (error) {
      if (attempt === tries) throw error;
    }
    await sleep(systemClock, retryMs, never);
  }
}
