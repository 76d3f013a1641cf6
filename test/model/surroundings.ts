import {failOver, replicate} from './ledgerSteps.ts';
import type {Step} from './step.ts';
import {none, type World} from './world.ts';

/** What users, agents and Redis may do at any time, as often as the world still allows. */
export function* surroundings(world: World): Iterable<Step> {
  const {touches, ends, failOvers} = world;
  for (const [index, {view}] of world.requests.entries()) {
    if (view.is !== 'there') continue;
    if (touches > 0 && view.worker === none) yield* [touch(index, 0), touch(index, 1)];
    if (ends > 0) yield end(index, view.worker === none ? 'gone' : 'finished');
  }
  if (failOvers > 0 && world.head !== world.replicaHead) {
    yield {name: "Redis' replica catches up", isFault: true, run: replicate};
    const run = (next: World) => {
      next.failOvers--;
      failOver(next);
    };
    yield {name: 'Redis fails over and loses what the replica lacks', isFault: true, run};
  }
}

/** Somebody writes to it: a label, which makes no difference, or other constraints. */
function touch(index: number, edits: 0 | 1): Step {
  return {
    name: `r-${index} is ${edits === 0 ? 'labelled' : 'edited'}`,
    isFault: true,
    run(next) {
      next.touches--;
      const {view} = next.requests[index]!;
      next.requests[index]!.view = {
        ...view,
        version: view.version + 1,
        edits: view.edits + edits,
      };
    },
  };
}

function end(index: number, is: 'finished' | 'gone'): Step {
  return {
    name: is === 'gone' ? `r-${index} is deleted` : `r-${index} finishes`,
    isFault: true,
    run(next) {
      next.ends--;
      const {view} = next.requests[index]!;
      next.requests[index]!.view = {...view, version: view.version + 1, is};
    },
  };
}
