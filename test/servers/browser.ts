import {type ChildProcess, spawn} from 'node:child_process';
import type {Readable, Writable} from 'node:stream';
import {makeTempFolder, removeTempFolder} from './tempFolder.ts';

export interface PageView {
  readonly url: string;
  readonly widthPx: number;
  readonly scheme: 'light' | 'dark';
  /** An expression; its value is given back. */
  readonly evaluate: string;
}

export interface ViewedPage<T> {
  readonly value: T;
  /** Of the console, of scripts, and of what could not be loaded. */
  readonly errors: readonly string[];
  /** Everything that it asked for but itself. */
  readonly requests: readonly string[];
  readonly screenshotPng: Buffer;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly sessionId?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: {readonly message: string};
}

/** A headless Chromium, spoken to by its debugging protocol over pipes: no port, no driver. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #pending = new Map<number, (message: Message) => void>();
  readonly #listeners = new Set<(message: Message) => void>();
  #ids = 0;
  #rest = '';
  #log = '';
  #end: string | undefined;

  constructor(program: string) {
    this.#folder = makeTempFolder('chromium');
    // Without the sandbox, as tests run as root in containers; only pages of the tests are opened.
    const flags = ['--no-sandbox', '--remote-debugging-pipe', '--hide-scrollbars'];
    this.#process = spawn(program, [...flags, `--user-data-dir=${this.#folder}`], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-2_000);
    });
    const output = this.#process.stdio[4] as Readable;
    output.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    // What is pending when it ends is answered so; a write to it fails with its own sentence.
    this.#process.stdio[3]!.on('error', () => {});
    this.#process.on('error', (error) => this.#fail(error.message));
    this.#process.on('exit', (code) => this.#fail(`it ended with ${code}: ${this.#log}`));
  }

  /** Opens the page in a tab of its own, which is closed at the end. */
  async view<T>({url, widthPx, scheme, evaluate}: PageView): Promise<ViewedPage<T>> {
    const {targetId} = await this.#send('Target.createTarget', {url: 'about:blank'});
    const {sessionId} = await this.#send('Target.attachToTarget', {targetId, flatten: true});
    const send = (method: string, params: object = {}) =>
      this.#send(method, params, sessionId as string);
    const errors: string[] = [];
    const requests: string[] = [];
    const loaded = Promise.withResolvers<void>();
    const listener = ({method, params, sessionId: from}: Message) => {
      if (from !== sessionId) return;
      if (method === 'Page.loadEventFired') loaded.resolve();
      else if (method === 'Network.requestWillBeSent') {
        const {request} = params as {request: {url: string}};
        if (request.url !== url) requests.push(request.url);
      } else if (/^(Runtime\.(exceptionThrown|consoleAPICalled)|Log\.entryAdded)$/.test(method!)) {
        errors.push(JSON.stringify(params));
      }
    };
    this.#listeners.add(listener);
    try {
      for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await send(`${domain}.enable`);
      const metrics = {width: widthPx, height: 900, deviceScaleFactor: 1, mobile: false};
      await send('Emulation.setDeviceMetricsOverride', metrics);
      const features = [{name: 'prefers-color-scheme', value: scheme}];
      await send('Emulation.setEmulatedMedia', {features});
      await send('Page.navigate', {url});
      await loaded.promise;
      const answer = await send('Runtime.evaluate', {expression: evaluate, returnByValue: true});
      const {result, exceptionDetails} = answer as {result: {value: T}; exceptionDetails?: object};
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      const {data} = await send('Page.captureScreenshot', {captureBeyondViewport: true});
      const screenshotPng = Buffer.from(data as string, 'base64');
      return {value: result.value, errors, requests, screenshotPng};
    } finally {
      this.#listeners.delete(listener);
      await this.#send('Target.closeTarget', {targetId});
    }
  }

  async close(): Promise<void> {
    if (this.#end === undefined) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      // Not a signal: that would leave the processes that it has started. It may end unanswered.
      this.#send('Browser.close', {}).catch(() => {});
      await ended;
    }
    removeTempFolder(this.#folder);
  }

  async #send(
    method: string,
    params: object,
    sessionId?: string,
  ): Promise<Record<string, unknown>> {
    if (this.#end !== undefined) throw new Error(`Cannot ${method} in the browser: ${this.#end}`);
    const id = ++this.#ids;
    const answer = new Promise<Message>((resolve) => this.#pending.set(id, resolve));
    const input = this.#process.stdio[3] as Writable;
    input.write(`${JSON.stringify({id, method, params, ...(sessionId && {sessionId})})}\0`);
    const {result, error} = await answer;
    if (error) throw new Error(`Cannot ${method} in the browser: ${error.message}`);
    return result ?? {};
  }

  #read(text: string): void {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop()!;
    for (const one of messages) {
      const message = JSON.parse(one) as Message;
      if (message.id === undefined) for (const listener of this.#listeners) listener(message);
      else this.#pending.get(message.id)?.(message);
      if (message.id !== undefined) this.#pending.delete(message.id);
    }
  }

  #fail(message: string): void {
    this.#end = message;
    for (const resolve of this.#pending.values()) resolve({error: {message}});
    this.#pending.clear();
  }
}
