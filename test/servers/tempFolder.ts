import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, {recursive: true, force: true, maxRetries: 3});
});

/** A folder that is gone when this process ends; BERTH_KEEP_LOGS=1 keeps it for a look at it. */
export function makeTempFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `berth-${name}-`));
  if (!process.env['BERTH_KEEP_LOGS']) folders.add(folder);
  return folder;
}

/** Removes it before the end of the process. */
export function removeTempFolder(folder: string): void {
  if (folders.delete(folder)) rmSync(folder, {recursive: true, force: true, maxRetries: 3});
}
