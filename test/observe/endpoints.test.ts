import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, describe, expect, it} from 'vitest';
import {type Endpoint, serveHealth, serveMetrics} from '../../src/observe/endpoints.ts';
import {Metrics} from '../../src/observe/metrics.ts';

const open: Endpoint[] = [];
const kept = async (endpoint: Promise<Endpoint>) => {
  open.push(await endpoint);
  return `http://${open.at(-1)!.address}`;
};
afterEach(async () => {
  for (const endpoint of open.splice(0)) await endpoint.close();
});

describe('the endpoints', () => {
  it('say healthy while the process answers, and ready once every check holds', async () => {
    let reason: string | undefined = 'waiting for the list of workers';
    const checks = [
      {name: 'watch', waitingFor: () => reason},
      {name: 'ledger', waitingFor: () => undefined},
    ];
    const url = await kept(serveHealth('127.0.0.1:0', checks));
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const waiting = await fetch(`${url}/readyz`);
    expect(waiting.status).toBe(503);
    expect(await waiting.text()).toBe(
      '[-]watch failed: waiting for the list of workers\n[+]ledger ok\nreadyz check failed\n',
    );
    reason = undefined;
    expect(await (await fetch(`${url}/readyz`)).text()).toBe('ok\n');
    const verbose = await fetch(`${url}/readyz?verbose`);
    expect(await verbose.text()).toBe('[+]watch ok\n[+]ledger ok\nreadyz check passed\n');
    expect((await fetch(`${url}/else`)).status).toBe(404);
  });

  it('serve the metrics in the text format, each cycle counted', async () => {
    const metrics = new Metrics();
    const phasesMs = {batch: 5, snapshot: 0, place: 1, assume: 0, commit: 3, handOver: 0};
    const cycle = {
      epoch: 1,
      cycle: 1,
      accepted: 99,
      rejected: 1,
      unplaced: 0,
      commits: 1,
      phasesMs,
    };
    metrics.cycle('redis', {...cycle, batchSize: 100});
    metrics.cycle('redis', {...cycle, batchSize: 0, accepted: 0, rejected: 0});
    const url = await kept(serveMetrics('127.0.0.1:0', metrics));
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('berth_ledger_commits_total{ledger="redis",for="batch"} 1');
    expect(text).toContain('berth_ledger_commits_total{ledger="redis",for="releases"} 1');
    expect(text).toContain('berth_decisions_total{outcome="accepted"} 99');
    expect(text).toContain('berth_cycles_total 1');
  });

  it('name the setting to change when the port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    await expect(serveHealth(address, [])).rejects.toThrow(
      /Cannot serve health on .*EADDRINUSE.*choose another health\.bindAddress/,
    );
    await new Promise((resolve) => taken.close(resolve));
  });
});
