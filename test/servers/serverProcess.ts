import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, existsSync, fstatSync, openSync, readFileSync} from 'node:fs';
import {sleep, systemClock} from '../../src/lib/clock.ts';

export interface ServerProcessOptions {
  /** For messages. */
  readonly name: string;
  readonly program: string;
  readonly arguments: readonly string[];
  readonly logPath: string;
  readonly env?: Readonly<Record<string, string>>;
}

const POLL_MS = 25;
const TAIL_LINES = 15;
const SETPRIV = '/usr/bin/setpriv';

/** Pids that would outlive this process; killed when it exits by whatever way runs exit hooks. */
const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) signalPid(pid, 'SIGKILL');
});

/** One server program that this process started, and only it may signal. */
export class ServerProcess {
  readonly #options: ServerProcessOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  /** Where its own lines begin; those before are of an earlier start. */
  readonly #logFrom: number;
  #hasEnded = false;
  #spawnError: Error | undefined;

  /** Starts the program at once. */
  static start(options: ServerProcessOptions): ServerProcess {
    return new ServerProcess(options);
  }

  private constructor(options: ServerProcessOptions) {
    this.#options = options;
    const log = openSync(options.logPath, 'a');
    this.#logFrom = fstatSync(log).size;
    // Where the kernel can, it ends the server with us, even when we are killed without a hook.
    const command: readonly [string, ...string[]] = existsSync(SETPRIV)
      ? [SETPRIV, '--pdeathsig', 'KILL', '--', options.program]
      : [options.program];
    const [program, ...first] = command;
    this.#child = spawn(program, [...first, ...options.arguments], {
      stdio: ['ignore', log, log],
      env: {...process.env, ...options.env},
    });
    closeSync(log);
    const {pid} = this.#child;
    if (pid !== undefined) running.add(pid);
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true;
        if (pid !== undefined) running.delete(pid);
        resolve();
      };
      this.#child.once('error', (error) => {
        this.#spawnError = error;
        end();
      });
      this.#child.once('exit', end);
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The last lines of its log, to explain a failure. */
  logTail(): string {
    const own = readFileSync(this.#options.logPath).subarray(this.#logFrom).toString('utf8');
    const lines = own.trimEnd().split('\n');
    return lines.slice(-TAIL_LINES).join('\n');
  }

  /** Whether the port it was told to take was somebody else's. */
  foundPortTaken(): boolean {
    return this.#hasEnded && /address already in use/i.test(this.logTail());
  }

  /**
   * Waits until `check` is true.
   * @throws Error with the end of the log when the program ends or the deadline passes before
   */
  async waitUntil(check: () => Promise<boolean>, deadlineMs: number): Promise<void> {
    const endMs = systemClock.monotonicMs() + deadlineMs;
    while (true) {
      if (this.#hasEnded) throw this.#failure(this.#spawnError?.message ?? 'it ended');
      if (await check()) return;
      if (systemClock.monotonicMs() > endMs) {
        throw this.#failure(`it is not ready after ${deadlineMs} ms`);
      }
      await sleep(systemClock, POLL_MS, new AbortController().signal);
    }
  }

  /** Stops it where it is, as a long pause of the machine would. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** Asks it to end, kills it after `graceMs`, and waits for its end. */
  async stop(graceMs = 3_000): Promise<void> {
    this.resume();
    if (graceMs > 0) this.#signal('SIGTERM');
    const cancel = systemClock.setTimer(graceMs, () => this.#signal('SIGKILL'));
    await this.#ended;
    cancel();
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#hasEnded && this.#child.pid !== undefined) signalPid(this.#child.pid, signal);
  }

  #failure(why: string): Error {
    const {name, logPath} = this.#options;
    return new Error(
      `Cannot start ${name}: ${why}; the end of its log ${logPath}:\n${this.logTail()}`,
    );
  }
}

function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in this moment.
  }
}
