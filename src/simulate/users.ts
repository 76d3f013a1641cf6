import {containerRequests, pathOf, type Resource, workers} from '../kube/resource.ts';
import type {ApiCall, ApiReply, Transport} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import {seededRandom} from '../lib/random.ts';
import type {Agents} from './agents.ts';
import {Draw} from './draw.ts';
import {type DrawnRequest, type DrawnWorker, drawWorker, zones} from './drawPlan.ts';
import type {RequestChange, WorkerChange} from './fault.ts';
import {makeRequest, makeWorker} from './objects.ts';

export interface UsersOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly agents: Agents;
}

interface Seen {
  readonly spec: {
    readonly capacity: {
      readonly cpu: string;
      readonly memory: string;
      readonly containers?: number;
    };
  };
}

/**
 * People and machines that create, change and delete requests and Workers. What the API server
 * refuses them is their own affair.
 */
export class Users {
  readonly #options: UsersOptions;
  readonly #requests = new Map<string, DrawnRequest>();
  readonly #workers = new Map<string, DrawnWorker>();

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  /** What the container of a request does. */
  fateOf(name: string): DrawnRequest {
    const request = this.#requests.get(name);
    if (!request) throw new Error(`Cannot tell the fate of ${name}: nobody created it`);
    return request;
  }

  async createWorker(worker: DrawnWorker): Promise<void> {
    const {name, spec, labels} = worker;
    const body = makeWorker(name, spec, labels);
    const {status} = await this.#send({method: 'POST', path: pathOf(workers), body});
    if (status >= 400) return;
    this.#workers.set(name, worker);
    this.#options.agents.add(name);
  }

  async createRequest(request: DrawnRequest): Promise<void> {
    this.#requests.set(request.name, request);
    const path = pathOf(containerRequests, {namespace: 'default'});
    await this.#send({method: 'POST', path, body: makeRequest(request.name, request.spec)});
  }

  /** @param name undefined: the one that `pick` falls on */
  async changeRequest(change: RequestChange, name: string | undefined, pick: number) {
    const names = [...this.#requests.keys()];
    const request = this.#requests.get(name ?? names[pick % names.length] ?? '');
    if (!request) return;
    const at = {resource: containerRequests, name: request.name};
    switch (change) {
      case 'delete':
        return this.#delete(at);
      case 'suspend':
        return this.#patch(at, {suspend: true});
      case 'bounce': {
        const resume = () => void this.#patch(at, {suspend: false});
        this.#options.clock.setTimer(1 + pick, resume);
        return this.#patch(at, {suspend: true});
      }
      case 'edit':
        return this.#patch(at, {resources: {cpu: `${100 + (pick % 8) * 150}m`}});
      case 'raise':
        return this.#patch(at, {priority: pick % 1_000});
      case 'recreate':
        await this.#delete(at);
        return this.createRequest(request);
    }
  }

  async changeWorker(change: WorkerChange, name: string | undefined, pick: number) {
    const names = [...this.#workers.keys()];
    const worker = this.#workers.get(name ?? names[pick % names.length] ?? '');
    if (change === 'create') return this.#createAnother(pick);
    if (!worker) return;
    const at = {resource: workers, name: worker.name};
    const {capacity} = (worker as object as Seen).spec;
    switch (change) {
      case 'shrink':
        return this.#patch(at, {
          capacity: {cpu: '500m', memory: '1Gi', containers: 1 + (pick % 4)},
        });
      case 'grow':
        return this.#patch(at, {capacity: {...capacity, containers: capacity.containers ?? 250}});
      case 'relabel':
        return this.#patch(at, undefined, {zone: zones[pick % zones.length]});
      case 'cordon':
        return this.#patch(at, {unschedulable: true});
      case 'uncordon':
        return this.#patch(at, {unschedulable: false});
      case 'taint':
        return this.#patch(at, {taints: [{key: 'spot', effect: 'NoSchedule'}]});
      case 'untaint':
        return this.#patch(at, {taints: null});
      case 'delete':
        this.#workers.delete(worker.name);
        this.#options.agents.remove(worker.name);
        return this.#delete(at);
    }
  }

  /** A new one, or one that was deleted comes back. */
  #createAnother(pick: number): Promise<void> {
    const name = `w-${String(pick % 200).padStart(3, '0')}`;
    return this.createWorker(drawWorker(new Draw(seededRandom(pick)), name));
  }

  async #delete({resource, name}: {resource: Resource; name: string}): Promise<void> {
    await this.#send({method: 'DELETE', path: placeOf(resource, name)});
  }

  async #patch(
    {resource, name}: {resource: Resource; name: string},
    spec: object | undefined,
    labels?: object,
  ): Promise<void> {
    await this.#send({
      method: 'PATCH',
      path: placeOf(resource, name),
      contentType: 'application/merge-patch+json',
      body: {...(spec && {spec}), ...(labels && {metadata: {labels}})},
    });
  }

  #send(call: ApiCall): Promise<ApiReply> {
    return this.#options.transport.send(call);
  }
}

function placeOf(resource: Resource, name: string): string {
  return pathOf(resource, resource.namespaced ? {namespace: 'default', name} : {name});
}
