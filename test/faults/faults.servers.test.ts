import {afterAll, beforeAll, expect, it} from 'vitest';
import {endAll} from '../cli/berthProcess.ts';
import {describeWithServers} from '../servers/requireServers.ts';
import {hopelessCrowd} from './crowdScenarios.ts';
import {Field, shortLease} from './field.ts';
import {lineOf} from './lineOf.ts';
import {redisScenarios} from './redisScenarios.ts';
import {runScenario} from './runScenario.ts';
import {scenarios} from './scenarios.ts';

/** `table.ts` has 100,000 of them: to create them alone takes minutes. */
const hopeless = 10_000;
/** Those of Redis first: when all lanes of CI begin, a Lease of 3 s is easily lost. */
const rows = [...redisScenarios, ...scenarios, hopelessCrowd(hopeless)];

describeWithServers('a fault under load, on real servers', ['api', 'redis'], () => {
  let field: Field;

  beforeAll(async () => {
    field = await Field.open();
  });

  afterAll(async () => {
    endAll();
    await field?.close();
  });

  it.each(rows.map((scenario, index) => [scenario.name, scenario, index] as const))(
    '%s: nothing is lost, nothing is placed twice',
    async (name, scenario, index) => {
      const outcome = await runScenario(scenario, {
        field,
        namespace: `fault-${index}`,
        lease: shortLease,
        createsPerSecond: 60,
      });
      process.stdout.write(`faults: ${lineOf(name, outcome)}\n`);
      expect(outcome.violations).toEqual([]);
      expect(outcome).toMatchObject({lost: 0, doubled: 0});
    },
    120_000,
  );
});
