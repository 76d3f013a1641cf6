import {describe, expect, test} from 'vitest';
import {couldHold} from '../../src/placement/couldHold.ts';
import type {Usage} from '../../src/placement/plan.ts';
import {makeRequest, makeWorker, type RequestOptions, type WorkerOptions} from './builders.ts';

interface Case {
  readonly worker?: WorkerOptions;
  readonly used?: Partial<Usage>;
  readonly request?: RequestOptions;
}

function judge({worker = {}, used = {}, request = {}}: Case): boolean {
  const {demand, constraints} = makeRequest(request);
  const nothing = {cpuMillis: 0, memoryBytes: 0, containers: 0, gpuMillis: []};
  return couldHold({worker: makeWorker(worker), used: {...nothing, ...used}, demand, constraints});
}

const GIBIBYTE = 2 ** 30;
const twoGpus = {gpuCount: 2};

describe('a changed worker may be news', () => {
  test.each<[string, Case]>([
    ['that is empty', {}],
    ['whose last core is asked for', {used: {cpuMillis: 3000}, request: {cpuMillis: 1000}}],
    [
      'whose last byte is asked for',
      {used: {memoryBytes: 7 * GIBIBYTE}, request: {memoryBytes: GIBIBYTE}},
    ],
    ['with room for one more container', {used: {containers: 249}}],
    ['of the pool asked for', {request: {poolName: 'default'}}],
    ['that is the one asked for', {request: {workerName: 'w-1'}}],
    [
      'with the last share of a device',
      {worker: twoGpus, used: {gpuMillis: [1000, 600]}, request: {gpuCount: 1, gpuMillis: 400}},
    ],
    [
      'all of whose devices are asked for',
      {worker: twoGpus, used: {gpuMillis: [0, 0]}, request: twoGpus},
    ],
    [
      'with a taint: that is left to placement',
      {worker: {taints: [{key: 'k', effect: 'NoSchedule'}]}},
    ],
  ])('%s', (_, one) => {
    expect(judge(one)).toBe(true);
  });
});

describe('a changed worker is no news', () => {
  test.each<[string, Case]>([
    ['that is not ready', {worker: {ready: false}}],
    ['that is cordoned', {worker: {unschedulable: true}}],
    ['of another pool', {request: {poolName: 'other'}}],
    ['that is not the one asked for', {request: {workerName: 'w-2'}}],
    ['that lacks a thousandth of a core', {used: {cpuMillis: 3001}, request: {cpuMillis: 1000}}],
    [
      'that lacks a byte',
      {used: {memoryBytes: 7 * GIBIBYTE + 1}, request: {memoryBytes: GIBIBYTE}},
    ],
    ['full of containers', {used: {containers: 250}}],
    [
      'whose devices have too small parts left',
      {worker: twoGpus, used: {gpuMillis: [601, 601]}, request: {gpuCount: 1, gpuMillis: 400}},
    ],
    ['one of whose devices is cut', {worker: twoGpus, used: {gpuMillis: [0, 1]}, request: twoGpus}],
    ['without a GPU', {request: {gpuCount: 1}}],
  ])('%s', (_, one) => {
    expect(judge(one)).toBe(false);
  });
});
