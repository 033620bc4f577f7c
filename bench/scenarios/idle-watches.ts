/** What the watches cost while nothing happens: reopenings and lists in five minutes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { rounded, type Scenario } from '../report.ts';

const windowMs = 5 * 60_000;

export const idleWatches: Scenario = {
  name: 'idle-watches',
  about: `${windowMs / 60_000} minutes without a change`,
  run: async (world) => {
    await world.startOperator();
    await sleep(2000);
    const kinds = (await world.operatorRows('plumbline_cached_objects')).length;
    const count = async (): Promise<{ opened: number; listed: number }> => ({
      opened: await world.operatorMetric('plumbline_api_requests_total', 'verb="WATCH"'),
      listed: await world.operatorMetric('plumbline_api_requests_total', 'verb="GET"'),
    });
    const before = await count();
    await sleep(windowMs);
    const after = await count();
    return [
      {
        what: 'watches reopened a kind in 5 minutes',
        value: rounded((after.opened - before.opened) / kinds, 2),
        unit: '',
        most: 1,
        from: `${after.opened - before.opened} of ${kinds} watches`,
      },
      { what: 'lists in 5 minutes', value: after.listed - before.listed, unit: 'requests', most: 0 },
    ];
  },
};
