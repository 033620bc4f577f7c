/** 100 stacks of 10 objects: first apply, idle, a restart with nothing changed, a cold start with something to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mapBounded } from '#runtime';
import { configMap, labelled, timed } from '../objects.ts';
import { rounded, type Scenario } from '../report.ts';
import { eventually, isReady } from '../watched.ts';
import { api, askedBetween, connections, type World } from '../world.ts';

const count = 100;
const objects = 10;
const namespace = 'many';
const windowMs = 10_000;
const settleMs = 2000;

const names = [...Array(count).keys()].map((index) => `s${index}`);
const contentOf = (stack: string, space: string): ReturnType<typeof configMap>[] =>
  [...Array(objects).keys()].map((index) => configMap(`${stack}-${index}`, space));

async function bareLoop(world: World): Promise<number> {
  await world.namespace('many-bare');
  const wanted = names.flatMap((name) => contentOf(name, 'many-bare')).map((object) => labelled(object, 'many'));
  return timed(() => mapBounded(wanted, connections, (object) => world.apply(object, 'deployer')));
}

async function firstApply(world: World): Promise<number> {
  await world.namespace(namespace);
  const files = names.flatMap((name) =>
    contentOf(name, namespace).map(
      (object) => [`${name}/${object.metadata.name}.json`, JSON.stringify(object)] as const,
    ),
  );
  await world.source(namespace, namespace, Object.fromEntries(files));
  await using stacks = await world.watch(api, 'Stack', namespace);
  return await timed(async () => {
    await mapBounded(names, connections, (name) =>
      world.stack(name, namespace, { sourceRef: { name: namespace }, path: name, interval: '10m' }),
    );
    await stacks.until('all stacks are Ready', () =>
      names.every((name) => isReady(stacks.get(`${namespace}/${name}`))) ? true : undefined,
    );
  });
}

/** From the start of the process until its own metrics say that it has found every stack Ready. */
async function restart(
  world: World,
): Promise<{ readonly ms: number; readonly requests: ReturnType<typeof askedBetween> }> {
  const ready = await world.operatorMetric('plumbline_ready', 'kind="Stack"');
  await world.stopOperator();
  const before = await world.requestCounts();
  const ms = await timed(async () => {
    await world.startOperator();
    await eventually(
      'all stacks are known good',
      async () => (await world.operatorMetric('plumbline_ready', 'kind="Stack"')) === ready,
    );
  });
  await sleep(settleMs);
  return { ms, requests: askedBetween(before, await world.requestCounts()) };
}

/** From the start of the process until the first object of a stack that nobody has applied yet is there. */
async function coldStart(world: World): Promise<number> {
  await world.stopOperator('SIGKILL');
  await world.namespace('cold');
  await using maps = await world.watch('v1', 'ConfigMap', 'cold');
  const url = world.repositoryUrl(namespace);
  await world.apply({
    apiVersion: api,
    kind: 'GitSource',
    metadata: { name: 'cold', namespace: 'cold' },
    spec: { url, interval: '1h' },
  });
  await world.stack('cold', 'cold', {
    sourceRef: { name: 'cold' },
    path: 's0',
    targetNamespace: 'cold',
    interval: '1h',
  });
  return await timed(async () => {
    await world.startOperator();
    await maps.until('the first object is there', () => (maps.size > 1 ? true : undefined));
  });
}

export const manyStacks: Scenario = {
  name: 'many-stacks',
  about: `${count} stacks of ${objects} objects`,
  run: async (world) => {
    await world.startOperator();
    const bare = await bareLoop(world);
    const first = await firstApply(world);
    await sleep(settleMs);
    const before = await world.requestCounts();
    await sleep(windowMs);
    const idle = askedBetween(before, await world.requestCounts());
    const { ms, requests } = await restart(world);
    const cold = await coldStart(world);
    return [
      {
        what: 'first apply of 100 stacks of 10 objects / bare loop of the objects',
        value: rounded(first / bare, 2),
        unit: 'x',
        from: `${rounded(first / 1000, 2)} s; bare ${rounded(bare / 1000, 2)} s`,
      },
      {
        what: `requests in ${windowMs / 1000} s of nothing changed`,
        value: idle.count,
        unit: 'requests',
        most: 0,
        from: idle.what,
      },
      {
        what: 'restart with 100 unchanged stacks: until all are known good',
        value: rounded(ms / 1000, 2),
        unit: 's',
        from: 'from the start of the process',
      },
      {
        what: 'restart with 100 unchanged stacks',
        value: requests.count,
        unit: 'requests',
        from: `${requests.what}; watches are counted when they end`,
      },
      {
        what: 'cold start to the first object applied',
        value: rounded(cold / 1000, 2),
        unit: 's',
        from: 'from the start of the process, fetch of the repository included',
      },
    ];
  },
};
