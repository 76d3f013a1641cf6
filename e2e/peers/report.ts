import {spreadText} from '../../src/cli/perf/spread.ts';
import type {Round, Side} from './figures.ts';

interface Row {
  readonly label: string;
  readonly of: (side: Side) => number;
  readonly format: (value: number) => string;
}

const whole = (value: number) => value.toFixed(0);
const inMs = (value: number) => `${value.toFixed(2)} ms`;

const rows: readonly Row[] = [
  {
    label: 'backlog: placements/s, first to last seen',
    of: ({backlog}) => backlog.perSecond,
    format: whole,
  },
  {
    label: 'backlog: placements/s from the start of the process',
    of: ({backlog}) => backlog.perSecondFromStart,
    format: whole,
  },
  {
    label: 'backlog: API server CPU a placement, to the last seen',
    of: ({backlog}) => backlog.costs.apiServerToLastMs,
    format: inMs,
  },
  {
    label: 'backlog: API server CPU a placement, until at rest',
    of: ({backlog}) => backlog.costs.apiServerMs,
    format: inMs,
  },
  {
    label: 'backlog: etcd CPU a placement',
    of: ({backlog}) => backlog.costs.etcdMs,
    format: inMs,
  },
  {
    label: 'backlog: its own CPU a placement, start included',
    of: ({backlog}) => backlog.costs.schedulerMs,
    format: inMs,
  },
  {label: 'with creates: placements/s', of: ({burst}) => burst.perSecond, format: whole},
  {
    label: 'with creates: create to placed seen, p50',
    of: ({burst}) => burst.p50Ms,
    format: (ms) => `${ms.toFixed(0)} ms`,
  },
  {
    label: 'with creates: create to placed seen, p99',
    of: ({burst}) => burst.p99Ms,
    format: (ms) => `${ms.toFixed(0)} ms`,
  },
  {
    label: 'with creates: API server CPU a placement and its create, to the last seen',
    of: ({burst}) => burst.costs.apiServerToLastMs,
    format: inMs,
  },
  {
    label: 'with creates: API server CPU a placement and its create, until at rest',
    of: ({burst}) => burst.costs.apiServerMs,
    format: inMs,
  },
  {
    label: 'with creates: etcd CPU a placement and its create',
    of: ({burst}) => burst.costs.etcdMs,
    format: inMs,
  },
  {
    label: 'with creates: its own CPU a placement',
    of: ({burst}) => burst.costs.schedulerMs,
    format: inMs,
  },
  {label: 'bare client: creates/s', of: ({floor}) => floor.createsPerSecond, format: whole},
  {
    label: 'bare client: placing writes/s',
    of: ({floor}) => floor.placingsPerSecond,
    format: whole,
  },
  {
    label: 'bare client: API server CPU a placing write',
    of: ({floor}) => floor.placingMs,
    format: inMs,
  },
  {
    label: 'bare client: created and placed/s',
    of: ({floor}) => floor.bothPerSecond,
    format: whole,
  },
];

/**
 * The table as Markdown: of each figure the median and its spread, and of the ratio Berth through
 * the other, taken within each round, as well.
 */
export function peersReport(
  rounds: readonly Round[],
  names: {readonly peer: string; readonly berth: string},
): readonly string[] {
  return [
    `| median (least..most) of ${rounds.length} | ${names.peer} | ${names.berth} | ratio |`,
    '| --- | --- | --- | --- |',
    ...rows.map(({label, of, format}) => {
      const [peer, berth] = [
        rounds.map((round) => of(round.peer)),
        rounds.map(({berth}) => of(berth)),
      ];
      const ratios = berth.map((value, index) => value / peer[index]!);
      const ratio = spreadText(ratios, (value) => value.toFixed(2));
      return `| ${label} | ${spreadText(peer, format)} | ${spreadText(berth, format)} | ${ratio} |`;
    }),
  ];
}
