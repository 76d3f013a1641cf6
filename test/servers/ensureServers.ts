import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';

export type ServerPart =
  | 'kube-apiserver'
  | 'etcd'
  | 'kubectl'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'helm'
  | 'kind'
  | 'redis-server'
  | 'chromium';

const script = fileURLToPath(new URL('./ensure.sh', import.meta.url));

/**
 * Paths of the programs, which `ensure.sh` finds or builds; a first build takes minutes and says so
 * on stderr.
 * @throws Error with the script's own sentence when a part cannot be had
 */
export async function ensureServers<Part extends ServerPart>(
  ...parts: readonly Part[]
): Promise<Record<Part, string>> {
  const child = spawn(script, parts, {stdio: ['ignore', 'pipe', 'pipe']});
  let stdout = '';
  let lastLine = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    process.stderr.write(chunk);
    lastLine = chunk.trim().split('\n').at(-1) ?? lastLine;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(lastLine || `Cannot run ${script}: exit code ${code}`);
  const paths = new Map(stdout.split('\n').map((line) => line.split('\t') as [string, string]));
  return Object.fromEntries(parts.map((part) => [part, paths.get(part)!])) as Record<Part, string>;
}
