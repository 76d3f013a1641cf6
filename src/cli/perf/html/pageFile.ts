import {constants} from 'node:fs';
import {access, stat, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {errorOf} from '../../../lib/errorOf.ts';
import type {PerfFigures} from '../figures.ts';
import {perfPage} from './page.ts';

/**
 * A measurement takes minutes: whether its page can be written is asked before.
 * @throws Error naming the file
 */
export async function checkPageFile(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new Error(
      `Cannot write --html ${file} as its folder must exist and be writable: ${errorOf(cause).message}`,
      {cause},
    );
  }
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) {
    throw new Error(`Cannot write --html ${file} as it must be a file: it is a folder`);
  }
}

export async function writePage(file: string, figures: PerfFigures): Promise<void> {
  await writeFile(file, perfPage(figures));
}
