import {type ChildProcess, spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {waitFor} from '../test/servers/waitFor.ts';
import type {Replica} from './stage.ts';
import {sumOfMetric} from './sumOfMetric.ts';
import {takesBatches} from './takesBatches.ts';

const bundle = fileURLToPath(new URL('../dist/berth.js', import.meta.url));
const keptLines = 200;

/** One replica of the operator: the bundle that the image carries, as a process of its own. */
export class OperatorProcess implements Replica {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exited: Promise<number | null>;
  #addresses: {metrics: string; health: string} | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => child.on('close', resolve));
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({input: stream}).on('line', (line) => this.#onLine(line));
    }
  }

  /** Starts it on free ports and waits until it serves; it need not lead by then. */
  static async start(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<OperatorProcess> {
    const ports = ['--metrics-bind-address', '127.0.0.1:0', '--health-bind-address', '127.0.0.1:0'];
    const child = spawn(process.execPath, [bundle, 'operator', ...args, ...ports], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {...process.env, ...env},
    });
    const operator = new OperatorProcess(child);
    await operator.#until(
      'the operator to serve its endpoints',
      () => operator.#addresses !== undefined,
    );
    return operator;
  }

  /** The last lines it logged; for a failed test. */
  get log(): string {
    return this.#lines.join('\n');
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async readyz(): Promise<string> {
    return (await fetch(`http://${this.#addresses!.health}/readyz?verbose`)).text();
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`http://${this.#addresses!.health}/readyz`)).status === 200;
  }

  /** Waits until it leads and takes batches. */
  async untilLeading(): Promise<void> {
    await this.#until('the operator to lead', () => takesBatches(this));
  }

  /** Sum of a metric over its labels that match. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const text = await (await fetch(`http://${this.#addresses!.metrics}/metrics`)).text();
    return sumOfMetric(text, name, labels);
  }

  /** Ends it as Kubernetes does, and returns its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return await this.#exited;
  }

  /** Ends it as a crash does: without a farewell. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #onLine(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
    if (!line.includes('"serving"')) return;
    const {metrics, health} = JSON.parse(line) as {metrics: string; health: string};
    this.#addresses = {metrics, health};
  }

  async #until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await waitFor(what, 30_000, () => {
        if (this.#child.exitCode !== null)
          throw new Error(`it ended with code ${this.#child.exitCode}`);
        return check();
      });
    } catch (cause) {
      throw new Error(`Cannot wait for ${what}: ${(cause as Error).message}\n${this.log}`, {cause});
    }
  }
}
