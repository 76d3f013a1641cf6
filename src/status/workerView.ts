import {shownText, type WorkerSums} from '../api/parseWorker.ts';
import {formatCpu, formatMemory} from '../api/quantity.ts';
import type {WorkerRecord} from '../api/records.ts';
import {WHOLE_GPU_MILLIS} from '../api/resources.ts';
import {pathOf, workers} from '../kube/resource.ts';
import {type Transport, TransportError} from '../kube/transport.ts';
import {type Clock, sleep} from '../lib/clock.ts';
import {Gate} from '../lib/gate.ts';
import type {Log} from '../lib/log.ts';

/** Sums over what a worker holds. */
export interface Held {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly containers: number;
  readonly gpuMillis: readonly number[];
}

export interface WorkerViewOptions {
  readonly transport: Transport;
  readonly worker: (name: string) => WorkerRecord | undefined;
  readonly held: (name: string) => Held;
  /** True while placements are being written: they come first. */
  readonly isBusy: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** A worker is written at most this often. */
  readonly intervalMs: number;
}

/**
 * Keeps `status.allocated`, `free` and `containers` of Workers near the truth, for people and
 * autoscalers: at most once an interval for each changed worker, and never while placements wait to
 * be written. A view: nobody decides on it, so a write that fails waits for the next interval.
 */
export class WorkerView {
  readonly #options: WorkerViewOptions;
  readonly #changed = new Set<string>();
  /** Text of the sums last sent of each worker: the watch may not have shown them yet. */
  readonly #sent = new Map<string, string>();
  readonly #gate = new Gate();

  constructor(options: WorkerViewOptions) {
    this.#options = options;
  }

  changed(workerName: string): void {
    // Of one that is gone nothing is shown; a replica that stands by would keep its name for ever.
    if (!this.#options.worker(workerName)) {
      this.#changed.delete(workerName);
      this.#sent.delete(workerName);
      return;
    }
    this.#changed.add(workerName);
    this.#gate.open();
  }

  async run(signal: AbortSignal): Promise<void> {
    const {clock, intervalMs, isBusy} = this.#options;
    while (!signal.aborted) {
      if (this.#changed.size === 0) await this.#gate.wait(signal);
      await sleep(clock, intervalMs, signal);
      for (const name of [...this.#changed]) {
        if (signal.aborted || isBusy()) break;
        this.#changed.delete(name);
        await this.#write(name, signal);
      }
    }
  }

  async #write(name: string, signal: AbortSignal): Promise<void> {
    const {transport, worker, held, log} = this.#options;
    const record = worker(name);
    if (!record) return;
    const {uid, resourceVersion} = record;
    const status = viewOf(record, held(name));
    const text = shownText(status);
    if (record.shown === text && (this.#sent.get(name) ?? text) === text) return;
    this.#sent.set(name, text);
    try {
      const reply = await transport.send(
        {
          method: 'PATCH',
          path: pathOf(workers, {name, subresource: 'status'}),
          contentType: 'application/merge-patch+json',
          query: {fieldManager: 'berth'},
          // Upon the state that was seen: one that arrives late must not undo a later one.
          body: {metadata: {uid, resourceVersion}, status},
        },
        signal,
      );
      if (reply.status < 400) return;
      log.debug({workerName: name, status: reply.status}, 'worker status refused');
      // A server that is busy is asked again, and one that has a newer state than the watch has
      // shown; any other refusal would only come again.
      const isToRepeat = [409, 429].includes(reply.status) || reply.status >= 500;
      if (!isToRepeat) {
        this.#sent.delete(name);
        return;
      }
      this.#sent.set(name, unknown);
      this.changed(name);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof TransportError)) throw error;
      this.changed(name);
      log.debug({workerName: name, cause: String(error)}, 'worker status not written');
    }
  }
}

/** What the server has is neither what was sent nor surely what the watch has shown. */
const unknown = '';

/** The sums of one worker; what is overcommitted has nothing free. */
function viewOf({capacity}: WorkerRecord, held: Held): WorkerSums {
  const gpuHeld = held.gpuMillis.reduce((sum, millis) => sum + millis, 0);
  const sums = (cpuMillis: number, memoryBytes: number, gpuMillis: number) => ({
    cpu: formatCpu(Math.max(0, cpuMillis)),
    memory: formatMemory(Math.max(0, memoryBytes)),
    ...(capacity.gpuCount > 0 ? {gpuMillis: Math.max(0, gpuMillis)} : {}),
  });
  return {
    allocated: sums(held.cpuMillis, held.memoryBytes, gpuHeld),
    free: sums(
      capacity.cpuMillis - held.cpuMillis,
      capacity.memoryBytes - held.memoryBytes,
      capacity.gpuCount * WHOLE_GPU_MILLIS - gpuHeld,
    ),
    containers: held.containers,
  };
}
