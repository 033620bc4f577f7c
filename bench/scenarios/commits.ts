/** From a commit (with a reconcile request, as a webhook makes one) to Ready: one stack, and a chain of ten. */
import type { GitRepository } from '#toolchain';
import { configMap, median, timed } from '../objects.ts';
import { rounded, type Scenario } from '../report.ts';
import { isReady } from '../watched.ts';
import { api, type World } from '../world.ts';

const commits = 20;
const links = 10;
const objects = 10;

const files = (namespace: string, value: string, folders: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    folders.flatMap((folder) =>
      [...Array(objects).keys()].map((index) => [
        `${folder}/${index}.json`,
        JSON.stringify(configMap(`${folder}-${index}`, namespace, value)),
      ]),
    ),
  );

interface Place {
  readonly namespace: string;
  readonly repository: GitRepository;
  readonly folders: readonly string[];
}

/** Milliseconds from the request until every stack is Ready at a commit that changes all of their objects; that of `git commit` left out. */
async function follow(world: World, { namespace, repository, folders }: Place, round: number): Promise<number> {
  const commit = await repository.commit(files(namespace, `value ${round}`, folders), `Round ${round}`);
  await using stacks = await world.watch(api, 'Stack', namespace);
  const ready = (folder: string): boolean => isReady(stacks.get(`${namespace}/${folder}`), commit);
  return await timed(async () => {
    await world.reconcile(namespace, namespace, String(round));
    await stacks.until(`all stacks are at ${commit}`, () => (folders.every(ready) ? true : undefined));
  });
}

async function place(world: World, namespace: string, folders: readonly string[]): Promise<Place> {
  await world.namespace(namespace);
  const repository = await world.source(namespace, namespace, files(namespace, 'value', folders));
  for (const [index, folder] of folders.entries()) {
    const before = folders[index - 1];
    const order = before === undefined ? {} : { dependsOn: [{ name: before }] };
    await world.readyStack(folder, namespace, {
      sourceRef: { name: namespace },
      path: folder,
      interval: '1h',
      ...order,
    });
  }
  return { namespace, repository, folders };
}

export const followCommits: Scenario = {
  name: 'commits',
  about: `${commits} commits to a stack of ${objects} objects, and to a chain of ${links} such stacks`,
  run: async (world) => {
    await world.startOperator();
    const single = await place(world, 'single', ['one']);
    const chain = await place(
      world,
      'chain',
      [...Array(links).keys()].map((index) => `link-${index}`),
    );
    const times = { single: [] as number[], chain: [] as number[] };
    for (let round = 1; round <= commits; round += 1) {
      times.single.push(await follow(world, single, round));
      times.chain.push(await follow(world, chain, round));
    }
    const one = median(times.single);
    const link = (median(times.chain) - one) / (links - 1);
    return [
      {
        what: 'commit to Ready, one stack of 10 objects, median',
        value: rounded(one),
        unit: 'ms',
        most: 1000,
        from: `${commits} commits`,
      },
      {
        what: 'each further stack of a chain adds, median',
        value: rounded(link),
        unit: 'ms',
        most: 100,
        from: `${links} stacks in ${rounded(median(times.chain))} ms; 10 objects applied in each`,
      },
    ];
  },
};
