import {describe, it} from 'vitest';
import {ensureServers, type ServerPart} from '../servers/ensureServers.ts';

/**
 * `describe` for tests that run pinned programs. Where one cannot be had, one skipped test says
 * why; in CI that fails the run instead.
 */
export async function describeWithPrograms(
  name: string,
  parts: readonly ServerPart[],
  body: () => void,
): Promise<void> {
  const reason = await whyMissing(parts);
  describe(name, () => {
    if (reason === undefined) return body();
    it.skipIf(true)(reason, () => {});
  });
}

async function whyMissing(parts: readonly ServerPart[]): Promise<string | undefined> {
  try {
    await ensureServers(...parts);
    return undefined;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
