import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** A Redis of one test file, which may be paused, killed and started again without its contents. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #program: string;
  #args: readonly string[] = [];
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    this.#program = redisProgram();
    this.folder = mkdtempSync(join(tmpdir(), 'berth-redis-'));
  }

  /** A port and a folder, for a server whose arguments name files in it. */
  static async create(): Promise<RedisServer> {
    return new RedisServer(await freePort());
  }

  static async start(...args: string[]): Promise<RedisServer> {
    const server = await RedisServer.create();
    await server.start(...args);
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts empty, as nothing is ever saved; with the arguments of the start before if without. */
  async start(...args: string[]): Promise<void> {
    if (args.length > 0) this.#args = args;
    const where = ['--bind', '127.0.0.1', '--dir', this.folder, '--port', String(this.port)];
    const child = spawn(
      this.#program,
      [...where, '--save', '', '--appendonly', 'no', ...this.#args],
      {stdio: ['ignore', 'pipe', 'inherit']},
    );
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`Cannot start Redis: it ended with ${code}`)));
      child.stdout?.on('data', (text: Buffer) => {
        if (text.includes('Ready to accept connections')) resolve();
      });
    });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await ended;
  }

  /** The kernel goes on accepting; nobody answers. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, {recursive: true, force: true});
  }
}

function redisProgram(): string {
  const ensure = fileURLToPath(new URL('../servers/ensure.sh', import.meta.url));
  const line = execFileSync(ensure, ['redis-server'], {encoding: 'utf8'});
  return line.trim().split('\t')[1] ?? '';
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port');
  return address.port;
}
