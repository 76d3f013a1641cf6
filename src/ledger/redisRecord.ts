import type {Allocation} from '../api/resources.ts';
import type {WorkerSum} from './ledger.ts';

/** An allocation as Redis holds it under its uid; the format is described in `lua/records.lua`. */
export function formatRecord(allocation: Allocation): string {
  const {workerName, cpuMillis, memoryBytes, gpuMillis, gpuDevices, request} = allocation;
  return `${workerName}|${cpuMillis}|${memoryBytes}|${gpuMillis}|${gpuDevices.join()}|${request}`;
}

const recordPattern = /^([^|]+)\|(\d+)\|(\d+)\|(\d+)\|([\d,]*)\|(.*)$/;

/** @throws Error naming the uid and the text, where somebody else wrote it */
export function parseRecord(uid: string, record: string): Allocation {
  const [, workerName, cpuMillis, memoryBytes, gpuMillis, devices, request] =
    recordPattern.exec(record) ?? [];
  if (workerName === undefined || devices === undefined || request === undefined) {
    throw new Error(
      `Cannot read the allocation of ${uid} as it must be "worker|cpu|memory|gpu|devices|request":` +
        ` current value is ${JSON.stringify(record.slice(0, 64))}`,
    );
  }
  return {
    uid,
    request,
    workerName,
    cpuMillis: Number(cpuMillis),
    memoryBytes: Number(memoryBytes),
    gpuDevices: parseIntegers(devices),
    gpuMillis: Number(gpuMillis),
  };
}

/** The sum of one worker, and the revision of the ledger that last changed it. */
export interface StoredSum extends WorkerSum {
  readonly revision: number;
}

const sumPattern = /^(\d+)\|(\d+)\|(\d+)\|(\d+)\|([\d,]*)$/;

/** @throws Error naming the worker and the text, where somebody else wrote it */
export function parseSum(workerName: string, text: string): StoredSum {
  const [, revision, cpuMillis, memoryBytes, containers, gpu] = sumPattern.exec(text) ?? [];
  if (gpu === undefined) {
    throw new Error(
      `Cannot read the sum of worker ${workerName} as it must be` +
        ` "revision|cpu|memory|containers|gpu": current value is ${JSON.stringify(text.slice(0, 64))}`,
    );
  }
  return {
    revision: Number(revision),
    cpuMillis: Number(cpuMillis),
    memoryBytes: Number(memoryBytes),
    containers: Number(containers),
    gpuMillis: parseIntegers(gpu),
  };
}

function parseIntegers(list: string): number[] {
  return list === '' ? [] : list.split(',').map(Number);
}
