import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { configMap, Platform, startTestOperator, until, untilQuiet, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

test('a commit is applied, and recorded with its author and the objects', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  const stack = await platform.ready('app');
  expect((await platform.configMap('a'))?.data).toEqual({ value: '1' });
  const second = await platform.commit({ 'app/a.yaml': configMap('a', '2') }, 'Second');
  await platform.applied('app', second);
  const changes = await platform.changes('app');
  expect(changes).toMatchObject([
    {
      commit: { sha: stack.status?.applied?.commit, author: 'Ada Platform <ada@example.com>', subject: 'Start' },
      created: 1,
      result: 'Applied',
    },
    {
      commit: { sha: second, subject: 'Second' },
      configured: 1,
      objects: [{ object: `ConfigMap/${platform.namespace}/a`, action: 'configured', fields: ['data.value'] }],
    },
  ]);
});

test('what leaves Git is pruned, and nothing else', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'app/b.yaml': configMap('b') });
  await platform.cluster.apply(configMap('mine', '1', `  namespace: ${platform.namespace}\n`));
  await platform.stack('app');
  await platform.ready('app');
  await platform.applied('app', await platform.commit({ 'app/b.yaml': null }));
  expect(await platform.configMap('b')).toBeUndefined();
  expect(await platform.configMap('a')).toBeDefined();
  expect(await platform.configMap('mine')).toBeDefined();
});

test('an object that moves between stacks in one commit keeps its uid', async () => {
  await using platform = await Platform.create({
    'one/a.yaml': configMap('a'),
    'one/x.yaml': configMap('x'),
    'two/b.yaml': configMap('b'),
  });
  await platform.stack('one');
  await platform.stack('two');
  await platform.ready('one');
  await platform.ready('two');
  const before = (await platform.configMap('a'))?.metadata.uid;
  const moved = await platform.commit({ 'one/a.yaml': null, 'two/a.yaml': configMap('a') }, 'Move a');
  await platform.applied('one', moved);
  await platform.applied('two', moved);
  expect((await platform.configMap('a'))?.metadata.uid).toBe(before);
});

test('a stack waits for the stacks it depends on, and goes as soon as they are ready', async () => {
  await using platform = await Platform.create({ 'infra/a.yaml': configMap('infra'), 'app/b.yaml': configMap('app') });
  await platform.stack('app', 'dependsOn: [{name: infra}]');
  expect(await platform.fails('app', 'DependencyNotFound')).toBe(`stack ${platform.namespace}/infra does not exist`);
  expect(await platform.configMap('app')).toBeUndefined();
  await platform.stack('infra');
  await platform.ready('app');
  expect(await platform.configMap('app')).toBeDefined();
});

test('a custom resource is applied by itself once its definition is there', async () => {
  await using platform = await Platform.create({
    'app/widget.yaml': 'apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {size: 3}\n',
    'crd/crd.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]
`,
  });
  await platform.stack('app', 'targetNamespace: default');
  expect(await platform.fails('app', 'UnknownKind')).toContain(
    'app/widget.yaml:1: the API server does not know kind Gadget of example.com/v1',
  );
  await platform.stack('crd');
  await platform.ready('crd');
  await platform.ready('app');
});

test('nothing changed costs no request, and a commit beside the path costs none either', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'other/readme.txt': 'one' });
  await platform.stack('app', 'interval: 1s');
  await platform.ready('app');
  await untilQuiet(operator.requests);
  const { length: before } = await operator.requests();
  await sleep(3000);
  expect((await operator.requests()).slice(before)).toEqual([]);
  const stack = await platform.get('app');
  await platform.commit({ 'other/readme.txt': 'two' });
  await sleep(1500);
  const after = await platform.get('app');
  expect(after?.metadata.resourceVersion).toBe(stack?.metadata.resourceVersion);
}, 30_000);

test('deleting a stack deletes its objects, or leaves them when told to', async () => {
  await using platform = await Platform.create({ 'gone/a.yaml': configMap('a'), 'kept/b.yaml': configMap('b') });
  await platform.stack('gone');
  await platform.stack('kept', 'deletionPolicy: Orphan');
  await platform.ready('gone');
  await platform.ready('kept');
  for (const name of ['gone', 'kept'])
    await platform.cluster.delete('plumbline.dev/v1alpha1', 'Stack', name, platform.namespace);
  await until(
    'both stacks are gone',
    async () => ((await platform.get('gone')) ?? (await platform.get('kept'))) === undefined || undefined,
  );
  expect(await platform.configMap('a')).toBeUndefined();
  expect(await platform.configMap('b')).toBeDefined();
});

test('an operator that is killed in the middle of an apply resumes without a loss or a double', async () => {
  const files = Object.fromEntries(
    [...Array(300).keys()].map((index) => [`app/c${index}.yaml`, configMap(`c${index}`)]),
  );
  await using platform = await Platform.create(files);
  await platform.stack('app');
  await until('the apply has begun', async () => ((await platform.configMap('c10')) === undefined ? undefined : true));
  await operator.kill();
  await operator.start();
  const stack = await platform.ready('app');
  expect(stack.status?.objects).toBe(300);
  await platform.commit({ app: null, 'keep/.gitkeep': '' });
  await platform.commit({ 'app/c0.yaml': configMap('c0'), 'app/c1.yaml': configMap('c1') });
  expect(await platform.fails('app', 'PruneLimitExceeded')).toMatch(/^298 of 300 objects would be pruned/);
  expect(await platform.configMap('c299')).toBeDefined();
}, 60_000);
