import type {Outcome} from './battle.ts';

/** One line of the table, for people. */
export function lineOf(name: string, outcome: Outcome): string {
  const {created, lost, doubled, violations, revisions, afterFaultMs, afterFreeLeaseMs} = outcome;
  const free =
    afterFreeLeaseMs === undefined ? '' : `, ${afterFreeLeaseMs.toFixed(0)} ms after a free Lease`;
  return [
    `${name}: placed ${afterFaultMs.toFixed(0)} ms after the fault${free}`,
    `${created} created, ${lost} lost, ${doubled} doubled`,
    `${violations.length} violations in ${revisions} revisions`,
  ].join('; ');
}
