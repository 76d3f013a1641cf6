import {existsSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import type {Demand} from '../../src/api/resources.ts';
import type {TextFile} from '../../src/bench/csvTable.ts';
import type {TraceCapacity} from '../../src/bench/openbLists.ts';
import {root} from '../architecture/rules.ts';

const GIBIBYTE = 2 ** 30;

/** Beside the project, never in it: its licence lets it be read there, and it is not ours. */
const openbFolder = join(root, '../shared/data/openb');

/** Why tests on the recorded cluster cannot run here; undefined where they can. */
export const openbMissing = existsSync(openbFolder)
  ? undefined
  : `skipped: the openb lists are not in ${openbFolder}`;

export function openbFile(name: string): TextFile {
  const path = join(openbFolder, name);
  return {name: basename(path), text: readFileSync(path, 'utf8')};
}

/** A machine with 100 cores, 1 TiB and one GPU, but for what is given. */
export function makeCapacity(options: Partial<TraceCapacity> = {}): TraceCapacity {
  return {
    cpuMillis: 100_000,
    memoryBytes: 1024 * GIBIBYTE,
    gpuCount: 1,
    gpuType: 'T4',
    ...options,
  };
}

/** A core, a GiB and a whole GPU of any model, but for what is given. */
export function makeDemand(options: Partial<Demand> = {}): Demand {
  return {
    cpuMillis: 1_000,
    memoryBytes: GIBIBYTE,
    gpuCount: 1,
    gpuMillis: 1_000,
    gpuTypes: [],
    ...options,
  };
}

export function times<Item>(count: number, item: Item): Item[] {
  return Array.from({length: count}, () => item);
}
