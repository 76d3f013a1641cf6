import {constants} from 'node:fs';
import {access, writeFile} from 'node:fs/promises';
import {Session} from 'node:inspector/promises';
import {dirname} from 'node:path';

/** Runs something and gives what that gives. */
export type Around = <T>(work: () => Promise<T>) => Promise<T>;

export const unprofiled: Around = (work) => work();

/** What can be profiled, and how its file ends: tools tell the kinds apart by that. */
export const profileKinds = {cpu: 'cpuprofile', heap: 'heapprofile'} as const;
export type ProfileKind = keyof typeof profileKinds;

interface Sampler {
  readonly start: (session: Session) => Promise<void>;
  readonly stop: (session: Session) => Promise<object>;
}

const samplers: Readonly<Record<ProfileKind, Sampler>> = {
  cpu: {
    async start(session) {
      await session.post('Profiler.enable');
      await session.post('Profiler.start');
    },
    stop: async (session) => (await session.post('Profiler.stop')).profile,
  },
  heap: {
    // Also what was collected since: what is allocated costs time, not only what stays.
    start: (session) =>
      session.post('HeapProfiler.startSampling', {
        includeObjectsCollectedByMajorGC: true,
        includeObjectsCollectedByMinorGC: true,
      }),
    stop: async (session) => (await session.post('HeapProfiler.stopSampling')).profile,
  },
};

/**
 * Writes what V8 sampled while the work ran; nothing where the work failed.
 * @throws Error where the folder of the file is none to write to, before anything was measured
 */
export async function profileInto(kind: ProfileKind, file: string): Promise<Around> {
  await orSay(access(dirname(file), constants.W_OK));
  const {start, stop} = samplers[kind];
  return async (work) => {
    const session = new Session();
    session.connect();
    try {
      await start(session);
      const value = await work();
      await orSay(writeFile(file, JSON.stringify(await stop(session))));
      return value;
    } finally {
      session.disconnect();
    }
  };
}

async function orSay(access: Promise<void>): Promise<void> {
  try {
    await access;
  } catch (cause) {
    throw new Error(
      `Cannot write the profile: ${(cause as Error).message}; name another file by --profile-out`,
      {cause},
    );
  }
}
