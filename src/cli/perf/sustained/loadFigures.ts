import type {LoadFigures} from './figures.ts';
import {latencyOf} from './latency.ts';
import type {Load} from './runLoad.ts';

export type SeenLoad = Omit<Load, 'observer'> & {
  readonly observer: Pick<Load['observer'], 'placedAtMs'>;
};

export function loadFigures(
  {observer, startMs, endMs, dueAtMs, answeredAtMs, mostHeld}: SeenLoad,
  {ratePerSecond, seconds}: {readonly ratePerSecond: number; readonly seconds: number},
): LoadFigures {
  const {placedAtMs} = observer;
  const dueEndMs = startMs + seconds * 1000;
  const inTime = [...answeredAtMs.values()].filter((atMs) => atMs <= dueEndMs).length;
  // A latency of those alone that were placed would flatter.
  const placement = [...dueAtMs].map(([name, dueMs]) => (placedAtMs.get(name) ?? endMs) - dueMs);
  const answered = [...answeredAtMs].map(([name, atMs]) => atMs - dueAtMs.get(name)!);
  return {
    ratePerSecond,
    due: dueAtMs.size,
    placed: placedAtMs.size,
    achievedPerSecond: inTime / seconds,
    answered: latencyOf(answered),
    placement: latencyOf(placement),
    mostHeld,
  };
}
