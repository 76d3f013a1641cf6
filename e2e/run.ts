import {execFile, spawn} from 'node:child_process';
import {promisify} from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a program to its end and returns what it printed on standard output.
 * @throws Error with the command and what it printed on standard error
 */
export async function run(
  program: string,
  args: readonly string[],
  options: {readonly input?: string; readonly env?: NodeJS.ProcessEnv} = {},
): Promise<string> {
  const limits = {maxBuffer: 64 * 2 ** 20, encoding: 'utf8' as const};
  const env = {...process.env, ...options.env};
  const running = execute(program, args, {...limits, env});
  if (options.input !== undefined) running.child.stdin?.end(options.input);
  try {
    return (await running).stdout;
  } catch (cause) {
    const {stderr = ''} = cause as {stderr?: string};
    throw new Error(`Cannot run ${[program, ...args].join(' ')}: ${stderr.trim()}`, {cause});
  }
}

/** True when the program can be run and succeeds, for example `docker info`. */
export function answers(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {stdio: 'ignore'});
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}
