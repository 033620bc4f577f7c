/** Resident memory with 0, 1,000 and 10,000 owned objects, and what a crowd of objects that are not ours adds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mapBounded } from '#runtime';
import { configMap, configMaps, filesOf, mebibytes } from '../objects.ts';
import type { Row, Scenario } from '../report.ts';
import { connections, type World } from '../world.ts';

const crowd = 20_000;
const settleMs = 3000;
const asked = { owned: 250e6 / 2 ** 20, crowd: 10e6 / 2 ** 20 };

async function resident(world: World): Promise<number> {
  await sleep(settleMs);
  return mebibytes(await world.residentBytes());
}

/** Brings the number of owned objects to `total` by one more stack. */
async function grow(world: World, owned: number, total: number): Promise<void> {
  const name = `owned-${total}`;
  const maps = configMaps(total - owned, 'memory').map(({ metadata }) =>
    configMap(`${name}-${metadata.name}`, 'memory'),
  );
  await world.source(name, 'memory', filesOf('app', maps));
  await world.readyStack(name, 'memory', { sourceRef: { name }, path: 'app', interval: '1h' });
}

export const memory: Scenario = {
  name: 'memory',
  about: `an operator that owns 0, 1,000 and 10,000 objects, in a cluster with ${crowd} more`,
  run: async (world) => {
    await world.stopOperator();
    await world.startOperator();
    await world.namespace('memory');
    await world.namespace('crowd');
    const rows: Row[] = [{ what: 'resident memory, nothing owned', value: await resident(world), unit: 'MiB' }];
    await grow(world, 0, 1000);
    rows.push({ what: 'resident memory, 1,000 objects owned', value: await resident(world), unit: 'MiB' });
    await grow(world, 1000, 10_000);
    const full = await resident(world);
    rows.push({
      what: 'resident memory, 10,000 objects owned',
      value: full,
      unit: 'MiB',
      most: Math.floor(asked.owned),
      from: 'asked: 250 MB',
    });
    await mapBounded(configMaps(crowd, 'crowd'), connections, (object) => world.apply(object));
    const more = (await resident(world)) - full;
    rows.push({
      what: `${crowd} ConfigMaps of others add`,
      value: more,
      unit: 'MiB',
      most: Math.floor(asked.crowd),
      from: 'asked: 10 MB',
    });
    for (const name of ['owned-1000', 'owned-10000']) await world.removeStack(name, 'memory');
    return rows;
  },
};
