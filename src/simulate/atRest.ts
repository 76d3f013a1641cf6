import type {Replica} from './replica.ts';

/** What keeps the operator busy, in words; undefined: one leads, and has nothing left to do. */
export function restlessness(replicas: readonly Replica[]): string | undefined {
  const leading = replicas.filter((replica) => replica.isLeading);
  if (leading.length !== 1) return `${leading.length} replicas lead`;
  const {cache, queue, writer, update} = leading[0]!.operator.stages;
  const left = {
    ...queue.counts,
    assumed: cache.assumedCount,
    unwritten: writer.outstanding,
    releases: update.releaseCount,
  };
  const {ready, inFlight, delayed, assumed, unwritten, releases} = left;
  if (ready + inFlight + delayed + assumed + unwritten + releases === 0) return undefined;
  return `the leader has left ${JSON.stringify(left)}`;
}

/** `uid on worker` of all that the leader believes to be placed, in order. */
export function beliefsOf(leader: Replica): readonly string[] {
  const {cache} = leader.operator.stages;
  return Array.from(cache.allocations(), ({uid, workerName}) => `${uid} on ${workerName}`).sort();
}
