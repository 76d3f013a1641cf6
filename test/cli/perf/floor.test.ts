import {expect, it} from 'vitest';
import {floorStatus} from '../../../src/cli/burst/floor.ts';
import {boundStatus} from '../../../src/status/statusPatch.ts';
import {makeRequest} from '../../status/makeRecords.ts';

it('the floor writes as many bytes as a placement, within two in a hundred', () => {
  const workerName = 'berth-perf-0123abcd-worker-01';
  const assignment = {
    ...{id: '3.12.7', epoch: 3, cycle: 12},
    ...{gpuDevices: [], affinity: 'None' as const},
  };
  const placement = boundStatus(makeRequest(), {workerName, assignment, nowMs: 1_700_000_000_000});
  const bytes = JSON.stringify(placement).length;
  const floorBytes = JSON.stringify(floorStatus(workerName)).length;
  expect(Math.abs(floorBytes - bytes) / bytes).toBeLessThan(0.02);
});
