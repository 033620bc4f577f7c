/** The end of a Pulumi stack, and its way back: destroyed in order, left alone, reverted. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  configMap,
  Platform,
  program,
  pulumiStack,
  runProcesses,
  runsBegun,
  runWithinMs,
  startPulumiOperator,
  stateObjects,
  testNamespace,
  until,
  type TestCluster,
  type TestOperator,
} from '#testing';

let operator: TestOperator;

beforeAll(async () => {
  operator = await startPulumiOperator();
});
afterAll(async () => {
  await operator[Symbol.asyncDispose]();
});

const remove = (platform: Platform, kind: string, name: string): Promise<void> =>
  platform.cluster.delete('plumbline.dev/v1alpha1', kind, name, platform.namespace);

const gone = ({ cluster, namespace }: Platform, stack: string): Promise<void> =>
  cluster.untilGone('plumbline.dev/v1alpha1', 'Stack', stack, namespace);

const eventsIn = async (
  { transport }: TestCluster,
  namespace: string,
): Promise<readonly { readonly note: string }[]> => {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  return (await transport.request<{ items: { note: string }[] }>({ method: 'GET', path })).body.items;
};

const head = (platform: Platform): Promise<string> => platform.git.repository.git('rev-parse', 'HEAD');

test('a deleted stack takes away what it made, what depends on it first, and its state', async () => {
  await using platform = await Platform.create(
    program('infra', `const base = map('base'); map('upper', {}, { dependsOn: [base] });`),
  );
  await pulumiStack(platform, 'infra');
  await platform.applied('infra', await head(platform), runWithinMs);
  expect(await stateObjects(platform, 'infra')).not.toEqual([]);
  const upper = { apiVersion: 'v1', kind: 'ConfigMap', name: 'upper', namespace: platform.namespace };
  await platform.cluster.edit(upper, { metadata: { finalizers: ['example.com/held'] } });
  // Neither its commit nor its source is needed for that.
  await remove(platform, 'GitSource', 'source');
  await remove(platform, 'Stack', 'infra');
  await until(
    'the upper one is being deleted',
    async () =>
      (await platform.cluster.get('v1', 'ConfigMap', 'upper', platform.namespace))?.metadata.deletionTimestamp ===
      undefined
        ? undefined
        : true,
    runWithinMs,
  );
  expect((await platform.configMap('base'))?.metadata).not.toHaveProperty('deletionTimestamp');
  expect(await platform.saying('infra', /deleting ConfigMap upper/)).toMatch(/^2 objects are being deleted/);
  await platform.cluster.edit(upper, { metadata: { finalizers: null } });
  await gone(platform, 'infra');
  expect(await platform.configMap('base')).toBeUndefined();
  expect(await stateObjects(platform, 'infra')).toEqual([]);
  expect(runProcesses(operator)).toEqual([]);
}, 600_000);

test('what an orphaning stack leaves stays, with its state: a new stack of the name adopts it, as with manifests, and goes on', async () => {
  await using platform = await Platform.create({
    'apps/kept.yaml': configMap('kept-by-apps'),
    ...program('infra', `map('kept');`),
  });
  await platform.stack('apps', 'deletionPolicy: Orphan');
  await pulumiStack(platform, 'infra', '', 'deletionPolicy: Orphan,');
  for (const stack of ['apps', 'infra']) await platform.applied(stack, await head(platform), runWithinMs);
  const before = await platform.configMap('kept');
  const runs = (await runsBegun(operator)).length;
  await remove(platform, 'Stack', 'infra');
  await gone(platform, 'infra');
  expect(await platform.configMap('kept')).toEqual(before);
  expect(await runsBegun(operator)).toHaveLength(runs);
  await remove(platform, 'Stack', 'apps');
  await gone(platform, 'apps');
  for (const stack of ['apps', 'infra'])
    await until(`the records of the old stack ${stack} are gone`, async () =>
      (await platform.changes(stack)).length === 0 ? true : undefined,
    );
  // The API server tells times in whole seconds, and only what is older than its stack counts as found.
  const next = Math.floor(Date.now() / 1000 + 1) * 1000;
  await until('the next second has begun', () => Promise.resolve(Date.now() >= next ? true : undefined));
  await platform.stack('apps');
  await pulumiStack(platform, 'infra', 'destroyOnDelete: false');
  const added = await platform.commit({
    'apps/new.yaml': configMap('new-of-apps'),
    ...program('infra', `map('kept'); map('new');`),
  });
  for (const [stack, kept, made] of [
    ['apps', 'kept-by-apps', 'new-of-apps'],
    ['infra', 'kept', 'new'],
  ] as const) {
    await platform.applied(stack, added, runWithinMs);
    const objects = (await platform.changes(stack)).flatMap((change) => change.objects);
    expect(objects.map(({ object, action }) => [object, action]).sort()).toEqual([
      [`ConfigMap/${platform.namespace}/${kept}`, 'adopted'],
      [`ConfigMap/${platform.namespace}/${made}`, 'created'],
    ]);
  }
  expect((await platform.configMap('kept'))?.metadata.uid).toBe(before?.metadata.uid);
  await remove(platform, 'Stack', 'infra');
  await gone(platform, 'infra');
  expect((await platform.configMap('kept'))?.metadata.uid).toBe(before?.metadata.uid);
  expect(await stateObjects(platform, 'infra')).not.toEqual([]);
}, 600_000);

test('a stack goes with its namespace, whose end nothing holds, and what it leaves elsewhere is told', async () => {
  await using platform = await Platform.create({});
  const { cluster, namespace } = platform;
  const elsewhere = await testNamespace(cluster);
  await platform.commit({
    'apps/near.yaml': configMap('near'),
    'apps/far.yaml': configMap('far', '1', `  namespace: ${elsewhere}\n`),
    ...program(
      'infra',
      `map('by-program'); new ConfigMap('far', { metadata: { name: 'far-by-program', namespace: '${elsewhere}' } });`,
    ),
  });
  await platform.stack('apps', 'engine: manifests');
  await pulumiStack(platform, 'infra');
  for (const stack of ['apps', 'infra']) await platform.applied(stack, await head(platform), runWithinMs);
  const before = await stateObjects(platform, 'infra');
  expect(before).toContain('Lease/infra-pulumi-state');
  // The namespace goes in no order that could be relied on: here the account is gone before the stacks are.
  await cluster.delete('v1', 'ServiceAccount', 'deployer', namespace);
  await cluster.delete('v1', 'Namespace', namespace);
  await cluster.untilGone('v1', 'Namespace', namespace);
  for (const [stack, left] of [
    ['apps', 'far'],
    ['infra', 'far-by-program'],
  ] as const) {
    expect(await cluster.get('v1', 'ConfigMap', left, elsewhere)).toBeDefined();
    const told = `stack ${namespace}/${stack} went with its namespace, and left elsewhere: ConfigMap/${elsewhere}/${left}; delete them by hand (labels plumbline.dev/stack=${stack},plumbline.dev/stack-namespace=${namespace})`;
    expect(await operator.log()).toContain(told);
    await until(`an Event about the namespace says what ${stack} left`, async () =>
      (await eventsIn(cluster, 'default')).find(({ note }) => note === told) === undefined ? undefined : true,
    );
  }
}, 600_000);

test('a reverted commit brings back what was, and the Change says so', async () => {
  await using platform = await Platform.create(program('infra', `map('first', { a: '1' }); map('second');`));
  await pulumiStack(platform, 'infra');
  await platform.applied('infra', await head(platform), runWithinMs);
  const bad = await platform.commit(program('infra', `map('third'); map('fourth');`), 'Break it');
  await platform.applied('infra', bad, runWithinMs);
  await platform.git.repository.git('revert', '--no-edit', 'HEAD');
  await platform.reconcile();
  const back = await head(platform);
  await platform.applied('infra', back, runWithinMs);
  expect((await platform.configMap('first'))?.data).toEqual({ a: '1' });
  expect(await platform.configMap('third')).toBeUndefined();
  expect((await platform.changes('infra')).at(-1)).toMatchObject({
    commit: { sha: back, subject: 'Revert "Break it"' },
    result: 'Applied',
    created: 2,
    pruned: 2,
  });
}, 600_000);
