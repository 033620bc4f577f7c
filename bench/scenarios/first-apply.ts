/** 1,000 objects in one stack, five rounds: the operator beside a bare loop and `kubectl apply --server-side`. */
import { mapBounded } from '#runtime';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configMaps, filesOf, labelled, median, timed } from '../objects.ts';
import { rounded, type Scenario } from '../report.ts';
import { connections, type World } from '../world.ts';

const objects = 1000;
const rounds = 5;

/** A loop that sends the same requests (labels, impersonation) over the same number of connections, and does nothing else. */
async function bareLoop(world: World, round: number): Promise<number> {
  const namespace = `bare-${round}`;
  await world.namespace(namespace);
  const wanted = configMaps(objects, namespace).map((object) => labelled(object, namespace));
  return timed(() => mapBounded(wanted, connections, (object) => world.apply(object, 'deployer')));
}

async function kubectl(world: World, round: number): Promise<number> {
  const namespace = `kubectl-${round}`;
  await world.namespace(namespace);
  const file = join(world.folder, `${namespace}.json`);
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: configMaps(objects, namespace) }));
  return timed(() => world.kubectl('apply', '--server-side', '--filename', file));
}

/** From the creation of the Stack until it is Ready; its source has been fetched before. */
async function operator(world: World, round: number): Promise<number> {
  const namespace = `first-${round}`;
  await world.namespace(namespace);
  await world.source(namespace, namespace, filesOf('app', configMaps(objects, namespace)));
  return timed(() =>
    world.readyStack('app', namespace, { sourceRef: { name: namespace }, path: 'app', interval: '1h' }),
  );
}

export const firstApply: Scenario = {
  name: 'first-apply',
  about: `${objects} objects in one stack`,
  run: async (world) => {
    await world.startOperator();
    const times = { bare: [] as number[], kubectl: [] as number[], operator: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      times.bare.push(await bareLoop(world, round));
      times.operator.push(await operator(world, round));
      times.kubectl.push(await kubectl(world, round));
    }
    const ratio = (who: 'kubectl' | 'operator'): number =>
      rounded(median(times[who].map((time, round) => time / (times.bare[round] ?? NaN))), 2);
    const told = (who: keyof typeof times): string => `${times[who].map((ms) => (ms / 1000).toFixed(2)).join(', ')} s`;
    return [
      {
        what: 'first apply of 1,000 objects / bare loop',
        value: ratio('operator'),
        unit: 'x',
        most: 1.3,
        from: `${told('operator')}; bare ${told('bare')}`,
      },
      { what: 'kubectl apply --server-side / bare loop', value: ratio('kubectl'), unit: 'x', from: told('kubectl') },
      { what: 'first apply / kubectl', value: rounded(ratio('operator') / ratio('kubectl'), 2), unit: 'x', most: 1 },
    ];
  },
};
