import {interruptible} from './burst/interrupt.ts';
import {requestsAWorker} from './burst/objects.ts';
import {sustainedCriteria} from './perf/sustained/criteria.ts';
import {sustainedAsJson, sustainedReport} from './perf/sustained/report.ts';
import {runSustained} from './perf/sustained/runSustained.ts';
import {clusterOf, onStage, type PerfOptions} from './perfCommand.ts';

/** Long enough that placements end while others come, short enough for 20 Workers at 200/s. */
const holdMs = 2_000;
/** Above it, which Worker has room would decide as much as the operator does. */
const fullestShare = 0.5;

export type SustainedCommandOptions = PerfOptions & Required<Pick<PerfOptions, 'rate'>>;

/**
 * `berth perf --rate`. Exit codes as those of `berth perf`.
 * @throws Error where the Workers would run full
 */
export async function runSustainedCommand(options: SustainedCommandOptions): Promise<void> {
  const {rate: rates, seconds, workers, repeat} = options;
  refuseTooFewWorkers(Math.max(...rates), workers);
  await interruptible('measurement', async (context) => {
    const figures = await onStage(options, context, async ({run, facts}) => ({
      ...facts,
      ...{seconds, holdMs, isEmbedded: clusterOf(options) === undefined},
      places: workers * requestsAWorker,
      rounds: await runSustained({...run, rates, seconds, holdMs, rounds: repeat}),
    }));
    const text = options.json
      ? JSON.stringify(sustainedAsJson(figures), undefined, 2)
      : sustainedReport(figures).join('\n');
    process.stdout.write(`${text}\n`);
    return sustainedCriteria(figures).every(({holds}) => holds) ? 0 : 1;
  });
}

function refuseTooFewWorkers(ratePerSecond: number, workers: number): void {
  const held = (ratePerSecond * holdMs) / 1000;
  const needed = Math.ceil(held / (requestsAWorker * fullestShare));
  if (workers >= needed) return;
  throw new Error(
    `Cannot create ${ratePerSecond} requests a second as they would fill more than half of the Workers: ${held} are there at once, --workers must be at least ${needed}: current value is ${workers}`,
  );
}
