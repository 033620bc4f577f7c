/** Taking the whole platform down: the root stack is deleted, and everything goes, dependents first. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Stack } from '#api';
import { World } from '#demo';
import { WatchCache } from '#kube';
import { createLog, systemClock } from '#runtime';
import { ready, TestCluster, until } from '#testing';

const system = 'plumbline-system';
const own = 'plumbline.dev/v1alpha1';
const names = ['infra', 'addons', 'common', 'backend', 'frontend', 'platform'];
let world: World;
let cluster: TestCluster;

beforeAll(async () => {
  world = await World.create();
  cluster = new TestCluster(world.transport);
  await world.writePlatform();
  await world.plumbline('synth', world.repository.folder);
  await world.repository.commit({}, 'Start the platform');
  await world.install();
  await world.startOperator();
}, 240_000);
afterAll(async () => world[Symbol.asyncDispose]());

const stackOf = (name: string): Promise<(Stack & { apiVersion: string; kind: string }) | undefined> =>
  cluster.get<never>(own, 'Stack', name, system);

const isReady = (name: string): Promise<true> =>
  until(
    `stack ${name} is Ready`,
    async () => (ready(await stackOf(name))?.status === 'True' ? true : undefined),
    240_000,
  );

const bootstrap = (): Promise<void> => world.install();

/** Names of stacks in the order in which the API server tells of their end. */
async function deletions(): Promise<AsyncDisposable & { readonly names: readonly string[] }> {
  const resource = await cluster.discovery.resource({ group: 'plumbline.dev', kind: 'Stack' });
  if (resource === undefined) throw new Error('Stacks are not served');
  const { transport } = world;
  const log = createLog({ level: 'error', clock: systemClock });
  const cache = new WatchCache({ transport, resource, reduce: () => true, clock: systemClock, log });
  await cache.start();
  const gone: string[] = [];
  cache.subscribe(({ type, key }) => void (type === 'deleted' && gone.push(key.slice(key.indexOf('/') + 1))));
  return { names: gone, [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose]() };
}

test('a deleted root stack takes all stacks along, dependents first, and nothing is left', async () => {
  for (const name of names) await isReady(name);
  await using gone = await deletions();
  await cluster.delete(own, 'Stack', 'platform', system);
  const order = gone.names;
  await until('all stacks are gone', () => Promise.resolve(order.length === names.length ? true : undefined), 120_000);
  expect(order).toEqual(['frontend', 'backend', 'common', 'addons', 'infra', 'platform']);
  for (const namespace of ['frontend', 'backend', 'addons', 'infra']) {
    await until(
      `namespace ${namespace} is gone`,
      async () => ((await cluster.get('v1', 'Namespace', namespace)) === undefined ? true : undefined),
      60_000,
    );
    expect(await cluster.get('v1', 'ServiceAccount', `${namespace}-deployer`, system)).toBeUndefined();
  }
  expect(await cluster.get(own, 'GitSource', 'platform', system)).toBeDefined();
}, 300_000);

test('a stack in deletion whose account is gone says so, keeps what it has, and goes once the account is back', async () => {
  await bootstrap();
  for (const name of names) await isReady(name);
  const account = ['v1', 'ServiceAccount', 'frontend-deployer', system] as const;
  // Its owner would put the account back at once.
  await cluster.edit(
    { apiVersion: own, kind: 'Stack', name: 'common', namespace: system },
    { spec: { suspend: true } },
  );
  await until('common is suspended', async () =>
    ready(await stackOf('common'))?.reason === 'Suspended' ? true : undefined,
  );
  const kept = await cluster.get(...account);
  await cluster.delete(...account);
  await cluster.edit(
    { apiVersion: own, kind: 'Stack', name: 'platform', namespace: system },
    { spec: { suspend: true } },
  );
  await cluster.delete(own, 'Stack', 'frontend', system);
  const message = await until('the stack says what it lacks', async () => {
    const condition = ready(await stackOf('frontend'));
    return condition?.reason === 'ServiceAccountNotFound' ? condition.message : undefined;
  });
  expect(message).toContain(`ServiceAccount ${system}/frontend-deployer does not exist`);
  expect((await stackOf('frontend'))?.metadata.finalizers).toHaveLength(1);
  expect(await cluster.get('apps/v1', 'Deployment', 'frontend', 'frontend')).toBeDefined();
  await cluster.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: kept?.metadata.name, namespace: system },
    }),
  );
  await until('the stack is gone', async () => ((await stackOf('frontend')) === undefined ? true : undefined), 120_000);
  expect(await cluster.get('apps/v1', 'Deployment', 'frontend', 'frontend')).toBeUndefined();
}, 300_000);
