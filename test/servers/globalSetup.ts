import type {TestProject} from 'vitest/node';
import {startApiServer} from './apiServer.ts';
import {applyCrds} from './applyCrds.ts';
import {ensureServers} from './ensureServers.ts';
import {startRedis} from './redisServer.ts';

/** What one of the files that run side by side gets. */
export interface Lane {
  readonly api?: {
    readonly url: string;
    readonly caFile: string;
    readonly adminToken: string;
    readonly kubeconfigPath: string;
  };
  readonly redis?: {readonly url: string};
}

/** What the test files get; plain values, as they run in other processes. */
export interface ProvidedServers {
  /** One for each file that runs at a time, by VITEST_POOL_ID. */
  readonly lanes: readonly Lane[];
  readonly browser?: {readonly program: string};
  /** Why a part is not there, by its name. */
  readonly missing: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    berthServers: ProvidedServers;
  }
}

type Stop = () => Promise<void>;

/**
 * Starts, for each file that runs at a time, one API server, with garbage collection, namespace
 * deletion and the CRDs, and one Redis; looks for a browser, which those that need one start.
 * What cannot be had is skipped, with its reason; in CI that fails the run.
 */
export default async function setup(project: TestProject): Promise<Stop> {
  const stops: Stop[] = [];
  const missing: Record<string, string> = {};
  const part = async <T>(name: string, start: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await start();
    } catch (error) {
      if (process.env['CI'] === 'true') throw error;
      missing[name] = error instanceof Error ? error.message : String(error);
      process.stderr.write(`berth tests: those that need ${name} are skipped: ${missing[name]}\n`);
      return undefined;
    }
  };
  const lanes = Array.from({length: project.config.maxWorkers}, async (): Promise<Lane> => {
    const [api, redis] = await allOf([
      part('api', () => provideApi(stops)),
      part('redis', () => provideRedis(stops)),
    ]);
    return {...(api && {api}), ...(redis && {redis})};
  });
  try {
    const [browser, ...open] = await allOf([part('browser', provideBrowser), ...lanes]);
    project.provide('berthServers', {lanes: open, ...(browser && {browser}), missing});
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
  return () => stopAll(stops);
}

/** Settled, not raced: what is still starting when another part fails must be stopped as well. */
async function allOf<T extends readonly unknown[] | []>(
  parts: T,
): Promise<{-readonly [Key in keyof T]: Awaited<T[Key]>}> {
  await Promise.allSettled(parts);
  return Promise.all(parts);
}

async function provideApi(stops: Stop[]): Promise<NonNullable<Lane['api']>> {
  const server = await startApiServer({controllers: ['garbage-collector', 'namespace']});
  stops.push(() => server.stop());
  await applyCrds(server.transport());
  const {url, caFile, adminToken, kubeconfigPath} = server;
  return {url, caFile, adminToken, kubeconfigPath};
}

async function provideRedis(stops: Stop[]): Promise<NonNullable<Lane['redis']>> {
  const redis = await startRedis();
  stops.push(() => redis.stop());
  return {url: redis.url};
}

async function provideBrowser(): Promise<NonNullable<ProvidedServers['browser']>> {
  return {program: (await ensureServers('chromium')).chromium};
}

async function stopAll(stops: Stop[]): Promise<void> {
  await Promise.all(stops.splice(0).map((stop) => stop()));
}
