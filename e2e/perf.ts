import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {startApiServer} from '../test/servers/apiServer.ts';
import {applyCrds} from '../test/servers/applyCrds.ts';
import {startRedis} from '../test/servers/redisServer.ts';

/**
 * `berth perf` on an API server with etcd and a Redis that are started for it, once with each
 * ledger.
 *
 * Usage: node e2e/perf.ts [OPTIONS OF berth perf]      for example --repeat 5, or --html perf.html,
 * which becomes perf-kubernetes.html and perf-redis.html
 */
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const options = process.argv.slice(2);

// To delete the namespace of the measurement; a cluster has the others on further cores.
const api = await startApiServer({controllers: ['namespace']});
await applyCrds(api.transport());
const redis = await startRedis();
const ledgers = [['kubernetes'], ['redis', '--redis-url', redis.url]] as const;
let worst = 0;
for (const ledger of ledgers) {
  const to = ['--kubeconfig', api.kubeconfigPath, '--ledger', ...ledger];
  const own = options.map((option, index) =>
    options[index - 1] === '--html' ? option.replace(/(\.\w+)?$/, `-${ledger[0]}$1`) : option,
  );
  const berth = spawn(process.execPath, [main, 'perf', ...to, ...own], {stdio: 'inherit'});
  const code = await new Promise<number>((resolve) => {
    berth.once('close', (exitCode) => resolve(exitCode ?? 1));
  });
  worst = Math.max(worst, code);
}
await redis.stop();
await api.stop();
process.exit(worst);
