/** From a hand edit to its correction: one edit of many objects, and the same objects edited again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mapBounded } from '#runtime';
import { configMap, configMaps, filesOf, median } from '../objects.ts';
import { rounded, type Scenario } from '../report.ts';
import type { Watched } from '../watched.ts';
import { api, type World } from '../world.ts';

const objects = 1000;
const edited = 20;
const rounds = 8;
const everyMs = 5000;
const namespace = 'hand-edits';

interface Content {
  readonly data?: { readonly one: string };
}

/** Milliseconds until the watch of somebody else shows the object as Git has it. */
async function heal(world: World, maps: Watched, name: string): Promise<number> {
  const content = (): string | undefined => (maps.get(`${namespace}/${name}`) as Content | undefined)?.data?.one;
  const seen = maps.until(`the edit of ${name} is seen`, () =>
    content() === 'by hand' ? performance.now() : undefined,
  );
  await world.edit(configMap(name, namespace), { data: { one: 'by hand' } });
  const from = await seen;
  return maps.until(`${name} is put back`, () => (content() === 'value one' ? performance.now() - from : undefined));
}

export const handEdits: Scenario = {
  name: 'hand-edits',
  about: `${edited} of ${objects} objects of one stack edited by hand, then all ${edited} again every ${everyMs / 1000} s`,
  run: async (world) => {
    await world.startOperator();
    await world.namespace(namespace);
    await world.source(namespace, namespace, filesOf('app', configMaps(objects, namespace)));
    await world.readyStack('app', namespace, { sourceRef: { name: namespace }, path: 'app', interval: '1h' });
    await using maps = await world.watch('v1', 'ConfigMap', namespace);
    const single: number[] = [];
    for (let index = 0; index < edited; index += 1) single.push(await heal(world, maps, `c${100 + index}`));
    const medians: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const names = [...Array(edited).keys()].map((index) => `c${index}`);
      medians.push(median(await mapBounded(names, edited, (name) => heal(world, maps, name))));
      await sleep(everyMs);
    }
    await using stacks = await world.watch(api, 'Stack', namespace);
    const told = JSON.stringify(stacks.get(`${namespace}/app`)?.['status'] ?? {}).includes('DriftFight');
    const [first = NaN] = medians;
    return [
      {
        what: 'hand edit to healed, median',
        value: rounded(median(single)),
        unit: 'ms',
        most: 200,
        from: `${edited} objects, one after the other`,
      },
      {
        what: `the same ${edited} objects every ${everyMs / 1000} s: last round / first`,
        value: rounded((medians.at(-1) ?? NaN) / first, 2),
        unit: 'x',
        most: 1.5,
        from: `medians of ${rounds} rounds, all ${edited} edited at once: ${medians.map((ms) => ms.toFixed(0)).join(', ')} ms`,
      },
      {
        what: 'rounds after which the fight is not reported',
        value: told ? 0 : rounds,
        unit: '',
        most: 0,
        from: 'condition Drifted, reason DriftFight',
      },
    ];
  },
};
