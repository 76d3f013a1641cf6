import type {ObservedEvent, ObservedObject} from '../../audit/observed.ts';
import {RawWatch} from '../../audit/rawWatch.ts';
import {containerRequests, pathOf} from '../../kube/resource.ts';
import type {Transport} from '../../kube/transport.ts';
import {secondTime} from '../../lib/timestamp.ts';

export interface AgentOptions {
  readonly transport: Transport;
  readonly workerName: string;
  /** Told when a request was acknowledged, or why it could not be. */
  readonly onAcknowledged: (error?: Error) => void;
}

/**
 * A simulated agent of one worker: it watches the requests placed there by field selector, and
 * acknowledges each with phase Running under the assignment id that it saw. It runs no container.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #acknowledged = new Set<string>();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  async start(signal: AbortSignal): Promise<{ended: Promise<void>}> {
    const {transport, workerName} = this.#options;
    const watch = new RawWatch({
      transport,
      path: pathOf(containerRequests),
      fieldSelector: `status.workerName=${workerName}`,
      onEvent: (event) => this.#onEvent(event, signal),
    });
    return await watch.start(signal);
  }

  #onEvent({type, object}: ObservedEvent, signal: AbortSignal): void {
    const id = object.status?.assignment?.id;
    if (type === 'DELETED' || object.status?.phase !== 'Scheduled' || id === undefined) return;
    if (this.#acknowledged.has(id)) return;
    this.#acknowledged.add(id);
    const {onAcknowledged} = this.#options;
    this.#acknowledge(object, signal).then(
      () => onAcknowledged(),
      (error: Error) => {
        if (!signal.aborted) onAcknowledged(error);
      },
    );
  }

  async #acknowledge({metadata}: ObservedObject, signal: AbortSignal): Promise<void> {
    const {name, namespace, uid, resourceVersion} = metadata;
    const {transport} = this.#options;
    const reply = await transport.send(
      {
        method: 'PATCH',
        path: pathOf(containerRequests, {namespace: namespace!, name, subresource: 'status'}),
        contentType: 'application/merge-patch+json',
        body: {
          metadata: {uid, resourceVersion},
          status: {phase: 'Running', startTime: secondTime(Date.now())},
        },
      },
      signal,
    );
    if (reply.status !== 200) {
      throw new Error(
        `Cannot acknowledge ${namespace}/${name}: the API server answered ${reply.status} ${JSON.stringify(reply.body)}`,
      );
    }
  }
}
