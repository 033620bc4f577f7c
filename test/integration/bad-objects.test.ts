import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, type TestOperator } from '#testing';
import { breakApp, mendApp, twoStacks } from '../support/harmless.ts';

let operator: TestOperator;
let platform: Platform;
beforeAll(async () => {
  operator = await startTestOperator();
  platform = await twoStacks();
}, 60_000);
afterAll(async () => {
  await operator[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

/** Well-formed objects that the API server does not take; each comes as one more file of a stack that works. */
const objects: readonly { name: string; file: string; reason: string; message: RegExp }[] = [
  {
    name: 'an unknown field',
    file: `${configMap('bad')}datta: {}\n`,
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1.*datta: field not declared in schema/,
  },
  {
    name: 'an unknown field of a custom resource',
    file: 'apiVersion: plumbline.dev/v1alpha1\nkind: Stack\nmetadata: {name: bad}\nspec: {sourceRef: {name: x}, suspend: true, pathh: x}\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1.*pathh: field not declared in schema/,
  },
  {
    name: 'a wrong type',
    file: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndata: [1]\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1.*\.data/,
  },
  {
    name: 'a wrong type deep inside',
    file: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndata: {port: 8080}\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1.*\.data\.port/,
  },
  {
    name: 'a value that the API server forbids',
    file: 'apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 99999}]}\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1.*spec\.ports\[0\]\.port.*between 1 and 65535/,
  },
  {
    name: 'a name that the API server forbids',
    file: configMap('Not_A_Name'),
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1.*metadata\.name/,
  },
  {
    name: 'an unknown kind',
    file: 'apiVersion: nowhere.example/v1\nkind: Nothing\nmetadata: {name: x}\n',
    reason: 'UnknownKind',
    message:
      /app\/bad\.yaml:1: the API server does not know kind Nothing of nowhere\.example\/v1.*CustomResourceDefinition/,
  },
  {
    name: 'an unknown version of a known kind',
    file: 'apiVersion: apps/v9\nkind: Deployment\nmetadata: {name: x}\n',
    reason: 'UnknownKind',
    message: /app\/bad\.yaml:1.*kind Deployment of apps\/v9/,
  },
  {
    name: 'a namespace that does not exist',
    file: configMap('bad', '1', '  namespace: nowhere-at-all\n'),
    reason: 'NamespaceNotFound',
    message: /app\/bad\.yaml:1.*namespace nowhere-at-all of ConfigMap\/nowhere-at-all\/bad does not exist/,
  },
];

test.each(objects)('$name gets one sentence and harms nothing', async ({ file, reason, message }) => {
  expect(await breakApp(platform, { 'app/bad.yaml': file }, reason)).toMatch(message);
  await mendApp(platform);
});

test('a wave tries every object, and names every one that failed', async () => {
  const commit = await platform.commit({
    'app/bad.yaml': `${configMap('bad')}datta: {}\n`,
    'app/good.yaml': configMap('good'),
    'app/worse.yaml': configMap('worse', '1', '  namespace: nowhere-at-all\n'),
  });
  expect(await platform.fails('app', 'ApplyFailed')).toMatch(/and 1 more, see status\.failures/);
  const stack = await platform.get('app');
  expect(stack?.status?.wanted?.commit).toBe(commit);
  const failures = new Map(stack?.status?.failures?.map(({ object, reason }) => [object, reason]));
  expect(failures).toEqual(
    new Map([
      [`ConfigMap/${platform.namespace}/bad`, 'ObjectInvalid'],
      ['ConfigMap/nowhere-at-all/worse', 'NamespaceNotFound'],
    ]),
  );
  expect(await platform.configMap('good')).toBeDefined();
  await mendApp(platform);
  expect(await platform.configMap('good')).toBeUndefined();
});

test('an object of another stack is refused; the first keeps it, until it lets go', async () => {
  const other = (await platform.configMap('b'))?.metadata.uid;
  const message = await breakApp(platform, { 'app/b.yaml': configMap('b', '2') }, 'OwnedByOtherStack');
  expect(message).toContain(
    `app/b.yaml:1: ConfigMap/${platform.namespace}/b belongs to stack ${platform.namespace}/other`,
  );
  expect((await platform.configMap('b'))?.data?.['value']).toMatch(/^beside/);
  const commit = await platform.commit({ 'other/b.yaml': configMap('c') });
  await platform.applied('app', commit);
  await platform.applied('other', commit);
  expect(await platform.configMap('b')).toMatchObject({ metadata: { uid: other }, data: { value: '2' } });
});

test('stacks in a circle are named', async () => {
  await using circle = await Platform.create({ 'a/a.yaml': configMap('a'), 'b/b.yaml': configMap('b') });
  await circle.stack('a', 'dependsOn: [{name: b}]');
  await circle.stack('b', 'dependsOn: [{name: a}]');
  const { namespace } = circle;
  expect(await circle.fails('a', 'DependencyCycle')).toContain(`${namespace}/a -> ${namespace}/b -> ${namespace}/a`);
});
