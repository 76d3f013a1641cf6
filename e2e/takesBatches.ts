import type {Replica} from './stage.ts';

/** Whether it leads and takes batches, which it does some time after it leads. */
export async function takesBatches(replica: Pick<Replica, 'isReady' | 'metric'>): Promise<boolean> {
  // It has that metric once it is connected.
  if (!(await replica.isReady())) return false;
  return (await replica.metric('leader_election_master_status')) === 1 && replica.isReady();
}
