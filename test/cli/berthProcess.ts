import {type ChildProcess, spawn} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {waitFor} from '../servers/waitFor.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/**
 * For a whole demo on a real server too, on two cores that others use: at a load of 15 some took
 * more than 30 s, and what they had not removed broke the tests after them.
 */
const deadlineMs = 90_000;

/** Most of a start is stripping the types of 300 sources, which need be done once only. */
const compiled = {NODE_COMPILE_CACHE: join(tmpdir(), 'berth-compile-cache')};

/** Processes that a failed test left behind. */
const running = new Set<ChildProcess>();

/** Ends what is still running; for `afterEach`. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Writes a file into a new folder that is its own, and returns its path. */
export function tempFile(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'berth-cli-')), name);
  writeFileSync(path, text);
  return path;
}

export interface BerthOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What runs; `src/main.ts` when absent. */
  readonly entry?: string;
  readonly cwd?: string;
}

/** `berth` as a user starts it, with everything that it says. */
export class BerthProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #hasEnded = false;
  stdout = '';
  stderr = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    running.add(child);
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stdout += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
    this.#ended = new Promise((resolve) => {
      child.on('close', (code) => {
        this.#hasEnded = true;
        running.delete(child);
        resolve(code);
      });
    });
  }

  static start(
    args: readonly string[],
    {env = {}, entry = main, cwd}: BerthOptions = {},
  ): BerthProcess {
    // No kubeconfig and no setting of whoever runs the tests.
    const clean = {PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...compiled, ...env};
    const child = spawn(process.execPath, [entry, ...args], {
      env: clean,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd !== undefined && {cwd}),
    });
    return new BerthProcess(child);
  }

  /** `berth operator` with its endpoints on free ports of this machine. */
  static operator(args: readonly string[], options: BerthOptions = {}): BerthProcess {
    const free = ['--metrics-bind-address', '127.0.0.1:0', '--health-bind-address', '127.0.0.1:0'];
    return BerthProcess.start(['operator', ...free, ...args], options);
  }

  /** Everything said so far. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Its exit code, once it has ended; null after a signal. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The lines of the log, parsed. */
  get log(): readonly LogLine[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** What it complained about: warnings and errors of the log, and every line on stderr. */
  get complaints(): readonly string[] {
    const logged = this.log
      .filter(({level}) => level === 'error' || level === 'warn')
      .map(sentenceOf);
    return [...logged, ...this.stderr.split('\n').filter((line) => line !== '')];
  }

  /** Waits for a condition of its output. */
  async until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await waitFor(what, deadlineMs, () => {
        if (this.#hasEnded && !check()) throw new Error('it ended');
        return check();
      });
    } catch (cause) {
      throw new Error(`${(cause as Error).message}\n${this.output}`, {cause});
    }
  }

  async untilLogged(message: string | RegExp): Promise<void> {
    await this.until(`a log line ${String(message)}`, () =>
      this.log
        .map(sentenceOf)
        .some((said) => (typeof message === 'string' ? said === message : message.test(said))),
    );
  }

  /** The text of `/readyz?verbose`. */
  async readyz(): Promise<string> {
    await this.untilLogged('serving');
    const {health} = this.log.find(({msg}) => msg === 'serving') as LogLine & {health: string};
    return (await fetch(`http://${health}/readyz?verbose`)).text();
  }

  async untilReadyzSays(text: string | RegExp): Promise<void> {
    await this.until(`/readyz to say ${String(text)}`, async () => {
      const said = await this.readyz();
      return typeof text === 'string' ? said.includes(text) : text.test(said);
    });
  }

  /** Waits for its end by itself. Returns its exit code. */
  async end(): Promise<number | null> {
    await this.until('its end', () => this.#hasEnded);
    return await this.#ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** SIGTERM, as Kubernetes ends it. */
  async stop(): Promise<{exitCode: number | null; tookMs: number}> {
    const startMs = performance.now();
    this.#child.kill('SIGTERM');
    const exitCode = await this.end();
    return {exitCode, tookMs: performance.now() - startMs};
  }
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly cause?: string;
  readonly [key: string]: unknown;
}

/** What a line of the log says: its constant message, and the cause where it has one. */
function sentenceOf({msg, cause}: LogLine): string {
  return cause === undefined ? msg : `${msg}: ${cause}`;
}
