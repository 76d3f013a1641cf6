import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {fileCredentials} from '../../src/kube/credentialSources.ts';
import {HttpTransport} from '../../src/kube/httpTransport.ts';
import type {ApiServerFiles} from './apiServerFiles.ts';
import {freePort} from './freePort.ts';
import {ServerProcess} from './serverProcess.ts';

const READY_MS = 90_000;
/** Open watches can hold a polite end up for a minute. */
const GRACE_MS = 4_000;
const TRIES_FOR_A_PORT = 5;

/** kube-apiserver itself: its port stays, its process changes when it is started again. */
export class ApiServerProcess {
  readonly #program: string;
  readonly #files: ApiServerFiles;
  readonly #flags: (port: number) => readonly string[];
  #port = 0;
  #process: ServerProcess | undefined;

  constructor(options: {
    program: string;
    files: ApiServerFiles;
    flags: (port: number) => readonly string[];
  }) {
    this.#program = options.program;
    this.#files = options.files;
    this.#flags = options.flags;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** Of the process at present; -1 before `start`. */
  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** Starts on `wanted`, or on a free port, and waits until it is ready. */
  async start(wanted?: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.#port = wanted ?? (await freePort());
      try {
        return await this.#start();
      } catch (error) {
        const isTaken = this.#process?.foundPortTaken() ?? false;
        if (!isTaken || wanted !== undefined || tries >= TRIES_FOR_A_PORT) throw error;
      }
    }
  }

  async restart(kill: boolean): Promise<void> {
    await this.#process?.stop(kill ? 0 : GRACE_MS);
    await this.#start();
  }

  pause(): void {
    this.#process?.pause();
  }

  resume(): void {
    this.#process?.resume();
  }

  async stop(): Promise<void> {
    // Nothing in it is worth a farewell, which takes seconds while watches are open.
    await this.#process?.stop(0);
  }

  async #start(): Promise<void> {
    const started = ServerProcess.start({
      name: 'kube-apiserver',
      program: this.#program,
      arguments: this.#flags(this.#port),
      logPath: join(this.#files.folder, 'kube-apiserver.log'),
    });
    this.#process = started;
    await started.waitUntil(() => this.#isReady(), READY_MS);
  }

  /** With a transport of its own a try: the first may read a certificate that is half written. */
  async #isReady(): Promise<boolean> {
    const {caFile, tokens} = this.#files;
    if (!existsSync(caFile)) return false;
    const probe = new HttpTransport({
      url: this.url,
      credentials: fileCredentials({token: tokens.get('admin')!, caFile}),
      timeoutsMs: {api: 2_000},
    });
    try {
      return (await probe.send({method: 'GET', path: '/readyz'})).status === 200;
    } catch {
      return false;
    } finally {
      await probe.close();
    }
  }
}
