import {expect, it} from 'vitest';
import {numbered} from '../../src/simulate/objects.ts';
import {OperatorRig} from './operatorRig.ts';

const half = {cpu: '1', memory: '1Gi', gpu: {count: 1, shareMillis: 500}};

/** What the status of a request says of its worker and of its key. */
const placed = ({world}: OperatorRig, name: string) => {
  const {workerName, assignment} = world.request(name).status ?? {};
  return {workerName, affinity: assignment?.affinity};
};

it('a worker is warm for the key that it ran, to this leader and to the next one', async () => {
  const rig = new OperatorRig();
  const gpu = {type: 'A100', count: 1};
  await rig.world.createWorkers(numbered('w', 40), {
    capacity: {cpu: '32', memory: '64Gi', gpu},
  });
  const first = await rig.lead();
  // One whose worker it does not look at by its hash: only who has run there finds it warm.
  let key = 0;
  let cold = '';
  while (cold === '' && key < 20) {
    const name = `cold-${++key}`;
    await rig.world.createRequests([name], {affinityKey: `model-${key}`, resources: half});
    await rig.placed([name]);
    if (placed(rig, name).affinity === 'None') cold = name;
    else await rig.world.finish(name);
  }
  const {workerName} = placed(rig, cold);
  const again = async (name: string) => {
    await rig.world.createRequests([name], {affinityKey: `model-${key}`, resources: half});
    await rig.placed([name]);
    expect(placed(rig, name)).toEqual({workerName, affinity: 'Warm'});
    await rig.world.finish(name);
  };
  await again('warm');
  first.stop();
  await rig.until('it has left', () => !first.isRunning);
  await rig.lead();
  await again('warm-to-the-next');
  await rig.end();
});
