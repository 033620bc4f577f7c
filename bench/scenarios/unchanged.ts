/** What an unchanged stack of 1,000 objects costs, however often its interval fires. */
import { setTimeout as sleep } from 'node:timers/promises';
import { configMaps, filesOf } from '../objects.ts';
import type { Scenario } from '../report.ts';
import { api, askedBetween } from '../world.ts';

const objects = 1000;
const windowMs = 10_000;
/** After the last write: until its echo, and what it set off, are over. */
const settleMs = 2000;

export const unchanged: Scenario = {
  name: 'unchanged',
  about: `${objects} objects in one stack with an interval of 1 s`,
  run: async (world) => {
    await world.startOperator();
    await world.namespace('unchanged');
    await world.source('unchanged', 'unchanged', filesOf('app', configMaps(objects, 'unchanged')));
    await world.readyStack('app', 'unchanged', { sourceRef: { name: 'unchanged' }, path: 'app', interval: '1s' });
    await sleep(settleMs);
    const before = await world.requestCounts();
    const runs = await world.operatorMetric('plumbline_reconcile_total', 'kind="Stack"');
    await sleep(windowMs);
    const requests = askedBetween(before, await world.requestCounts());
    const ran = (await world.operatorMetric('plumbline_reconcile_total', 'kind="Stack"')) - runs;
    await world.edit(
      { apiVersion: api, kind: 'Stack', metadata: { name: 'app', namespace: 'unchanged' } },
      { spec: { interval: '1h' } },
    );
    const seconds = windowMs / 1000;
    return [
      {
        what: `requests in ${seconds} s of nothing changed`,
        value: requests.count,
        unit: 'requests',
        most: 0,
        from: `${ran} reconciles; counted by the API server ${requests.what}`.trim(),
      },
    ];
  },
};
