/** 100 Pulumi stacks that have run, and have nothing to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mebibytes } from '../objects.ts';
import { manyPrograms } from '../pulumi/many.ts';
import { childrenOf } from '../pulumi/processes.ts';
import type { Scenario } from '../report.ts';
import { askedBetween, type World } from '../world.ts';

const count = 100;
const windowMs = 15_000;
/** After the last write: until its echo, and what it set off, are over. */
const settleMs = 3000;
/** 20 MB. */
const mostMiB = Math.floor(20e6 / 2 ** 20);

/** Of an operator that has just been started, and has heard of all that there is. */
async function freshMiB(world: World): Promise<number> {
  await world.stopOperator();
  await world.startOperator();
  await sleep(settleMs);
  return mebibytes(await world.residentBytes());
}

export const pulumiIdle: Scenario = {
  name: 'pulumi-idle',
  about: `${count} Pulumi stacks with nothing to do and an interval of 10 s`,
  run: async (world) => {
    const none = await freshMiB(world);
    await using many = await manyPrograms(world, 'idle', { count, typescript: false, interval: '10s' });
    await many.run();
    const ran = mebibytes(await world.residentBytes());
    const full = await freshMiB(world);
    const before = await world.requestCounts();
    const runs = await world.operatorMetric('plumbline_pulumi_runs_total');
    const reconciles = await world.operatorMetric('plumbline_reconcile_total', 'kind="Stack"');
    await sleep(windowMs);
    const asked = askedBetween(before, await world.requestCounts());
    const again = (await world.operatorMetric('plumbline_reconcile_total', 'kind="Stack"')) - reconciles;
    const begun = (await world.operatorMetric('plumbline_pulumi_runs_total')) - runs;
    const processes = childrenOf(world.operatorPid);
    const seconds = windowMs / 1000;
    return [
      {
        what: `runs begun in ${seconds} s of nothing changed`,
        value: begun,
        unit: '',
        most: 0,
        from: `${again} reconciles`,
      },
      {
        what: `requests in ${seconds} s of nothing changed`,
        value: asked.count,
        unit: 'requests',
        most: 0,
        from: asked.what,
      },
      { what: 'processes of the operator', value: processes.length, unit: '', most: 0, from: processes.join(', ') },
      {
        what: `${count} idle stacks add`,
        value: full - none,
        unit: 'MiB',
        most: mostMiB,
        from: `${full} MiB, ${none} MiB without; right after the ${count} runs ${ran} MiB; asked: 20 MB`,
      },
    ];
  },
};
