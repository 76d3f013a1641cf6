import {execFile} from 'node:child_process';
import {devNull} from 'node:os';
import {fileURLToPath} from 'node:url';
import {ensureServers} from '../servers/ensureServers.ts';

/** Root of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a program said when it ended. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Where `kubectl` and `helm` find their cluster; none when absent. */
  readonly kubeconfig?: string;
  readonly stdin?: string;
}

type Program = 'kubectl' | 'helm';

const timeoutMs = 60_000;
const maxOutputBytes = 64 * 1024 * 1024;
const places = new Map<Program, Promise<string>>();

/** Runs one of the pinned programs to its end, whatever its exit code. */
export async function run(
  program: Program,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  // An empty file is no cluster at all: a test must never reach the one of whoever runs it.
  const environment = {...process.env, KUBECONFIG: options.kubeconfig ?? devNull};
  return execute(await placeOf(program), args, environment, options.stdin);
}

/**
 * Runs one of the pinned programs and returns its stdout.
 * @throws Error with its stderr where the exit code is not 0
 */
export async function runOrThrow(
  program: Program,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const {exitCode, stdout, stderr} = await run(program, args, options);
  if (exitCode === 0) return stdout;
  throw new Error(`Cannot run ${program} ${args.join(' ')}: exit code ${exitCode}: ${stderr}`);
}

/** The machine's own programs may be old: these are the pinned ones. */
function placeOf(program: Program): Promise<string> {
  const known = places.get(program);
  if (known) return known;
  const found = ensureServers(program).then((paths) => paths[program]);
  places.set(program, found);
  return found;
}

function execute(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin?: string,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = {env, timeout: timeoutMs, maxBuffer: maxOutputBytes};
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({exitCode, stdout, stderr});
      else reject(new Error(`Cannot run ${file} ${args.join(' ')}: ${stderr}`, {cause: error}));
    });
    child.stdin?.end(stdin ?? '');
  });
}
