import type {Protocol} from './protocol.ts';
import {none, type Request, type World, workerNames} from './world.ts';

const isBound = ({view}: Request) => view.is === 'there' && view.worker !== none;

/** What holds in every state; the sentence says what does not. */
export function violationIn(world: World, before: World): string | undefined {
  for (const [worker, name] of workerNames.entries()) {
    const bound = world.requests.filter((one) => isBound(one) && one.view.worker === worker);
    if (bound.length > 1) return `${name} is over its capacity`;
  }
  for (const [index, {view}] of world.requests.entries()) {
    const was = before.requests[index]!.view;
    if (was.worker !== none && view.worker !== was.worker) return `r-${index} was on two workers`;
  }
  return undefined;
}

/** What holds once nothing but faults can happen, in a world that has a leader. */
export function violationInQuiet(world: World, {ledger}: Protocol): string | undefined {
  const {leaders, leaseEpoch, requests, head} = world;
  if (!leaders.some(({phase, epoch}) => phase === 'leading' && epoch === leaseEpoch))
    return undefined;
  const bound = requests.filter(isBound);
  const isRoom = bound.length < workerNames.length;
  for (const [index, request] of requests.entries()) {
    const waits = request.view.is === 'there' && !isBound(request);
    if (waits && isRoom) return `r-${index} is lost: it waits though a worker is free`;
    // Redis went back, and the next commit will say so.
    if (leaders.some(({revision}) => revision > head.revision)) continue;
    const isThere = request.ledger !== none;
    if (isThere && (!isBound(request) || request.ledger !== request.view.worker))
      return `the ledger holds r-${index} where it is not`;
    if (ledger === 'redis' && !isThere && isBound(request))
      return `the ledger does not hold r-${index}, which is bound`;
  }
  return undefined;
}
