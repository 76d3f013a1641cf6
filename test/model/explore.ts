import {bindSteps} from './bindSteps.ts';
import {fingerprintOf} from './fingerprint.ts';
import {violationIn, violationInQuiet} from './invariants.ts';
import {leaderSteps} from './leaderSteps.ts';
import type {Protocol} from './protocol.ts';
import type {Step} from './step.ts';
import {surroundings} from './surroundings.ts';
import {copyOf, type Faults, firstWorld, type World} from './world.ts';

/** The last step of the first way that led to a state. */
interface Way {
  readonly step: string;
  readonly before: Way | undefined;
}

interface Reached {
  readonly world: World;
  readonly way: Way | undefined;
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest of the shortest ways to a state. */
  readonly depth: number;
  /** States in which nothing but faults can happen. */
  readonly quiet: number;
  readonly violation: {readonly sentence: string; readonly steps: readonly string[]} | undefined;
}

/**
 * Every state that can be reached, each once, breadth first: what is found has the shortest way.
 * @throws Error when there are more than `maxStates`
 */
export async function explore(
  protocol: Protocol,
  faults: Faults,
  maxStates = 3_000_000,
): Promise<Exploration> {
  let level: Reached[] = [{world: firstWorld(faults), way: undefined}];
  const seen = new Set(level.map(({world}) => fingerprintOf(world)));
  const counts = {transitions: 0, depth: 0, quiet: 0};
  const end = (sentence?: string, way?: Way): Exploration => ({
    ...counts,
    states: seen.size,
    violation: sentence === undefined ? undefined : {sentence, steps: stepsOf(way)},
  });
  for (; level.length > 0; counts.depth++) {
    const next: Reached[] = [];
    for (const {world: from, way} of level) {
      const steps = stepsFrom(from, protocol);
      if (steps.every(({isFault}) => isFault)) {
        counts.quiet++;
        const sentence = violationInQuiet(from, protocol);
        if (sentence) return end(sentence, way);
      }
      for (const {name, run} of steps) {
        const world = copyOf(from);
        await run(world);
        counts.transitions++;
        const taken = {step: name, before: way};
        const sentence = violationIn(world, from);
        if (sentence) return end(sentence, taken);
        const fingerprint = fingerprintOf(world);
        if (seen.has(fingerprint)) continue;
        seen.add(fingerprint);
        if (seen.size > maxStates) throw new Error(`Cannot explore more than ${maxStates} states`);
        next.push({world, way: taken});
      }
    }
    level = next;
  }
  return end();
}

function stepsFrom(world: World, protocol: Protocol): readonly Step[] {
  return [...leaderSteps(world, protocol), ...bindSteps(world, protocol), ...surroundings(world)];
}

function stepsOf(way: Way | undefined): readonly string[] {
  const steps: string[] = [];
  for (let at = way; at; at = at.before) steps.unshift(at.step);
  return steps;
}
