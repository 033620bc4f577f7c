import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, plumbline, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

test('status, tree, history, why and events tell of an applied stack', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  const { namespace } = platform;
  await platform.stack('app');
  await platform.ready('app');
  const commit = await platform.commit({ 'app/a.yaml': configMap('a', '2') }, 'Raise the value');
  await platform.applied('app', commit);

  const status = await plumbline('status', '-n', namespace);
  expect(status).toMatchObject({ code: 0, error: '' });
  expect(status.out).toMatch(new RegExp(`${namespace} +source +Ready +main@${commit.slice(0, 7)} +Raise the value`));
  expect(status.out).toMatch(new RegExp(`${namespace} +app +Ready +main@${commit.slice(0, 7)} +1 `));

  expect((await plumbline('tree', `${namespace}/app`)).out).toBe(
    `${namespace}/app  Ready  main@${commit.slice(0, 7)}\n└─ ConfigMap/${namespace}/a\n`,
  );

  const history = await plumbline('history', `${namespace}/app`, '-o', 'json');
  const { items } = JSON.parse(history.out) as { items: { spec: { commit: { sha: string } } }[] };
  expect(items).toHaveLength(2);
  expect(items[0]?.spec).toMatchObject({ commit: { sha: commit, subject: 'Raise the value' }, configured: 1 });

  const why = await plumbline('why', 'configmap/a', '-n', namespace);
  expect(why.code).toBe(0);
  expect(why.out).toContain(`stack    ${namespace}/app`);
  expect(why.out).toContain(`commit   ${commit}`);
  expect(why.out).toContain(': Raise the value');
  expect(why.out).toContain('configured: data.value');

  await until('the events are told', async () => {
    const { out } = await plumbline('events', `${namespace}/app`);
    return out.includes(`Stack/${namespace}/app`) ? true : undefined;
  });
}, 60_000);

test('an owned stack stands below its owner', async () => {
  const nested = (namespace: string): string =>
    `apiVersion: plumbline.dev/v1alpha1\nkind: Stack\nmetadata: {name: app, namespace: ${namespace}}\n` +
    'spec: {sourceRef: {name: source}, path: app, serviceAccountName: deployer}\n';
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.commit({ 'root/app.yaml': nested(platform.namespace) });
  await platform.stack('root');
  await platform.ready('root');
  await platform.ready('app');
  const { out } = await plumbline('tree', '-n', platform.namespace);
  const id = platform.namespace;
  expect(out).toMatch(new RegExp(`^${id}/root .*\n└─ ${id}/app .*\n {3}└─ ConfigMap/${id}/a\n$`));
});

test('an object that no stack owns has no why', async () => {
  const { code, out } = await plumbline('why', 'Service.core/default/kubernetes');
  expect(code).toBe(1);
  expect(out).toBe('no stack owns Service.core/default/kubernetes: nothing in Git asks for it\n');
});

test('reconcile waits for the result, and says a failure with exit code 1', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  const commit = await platform.git.repository.commit({ 'app/a.yaml': configMap('a', '2') }, 'Two');
  expect(await plumbline('reconcile', `${platform.namespace}/app`, '--with-source')).toMatchObject({ code: 0 });
  await platform.applied('app', commit);
  await platform.git.repository.commit({ 'app/a.yaml': 'a: [' }, 'Broken');
  await plumbline('reconcile', `${platform.namespace}/source`, '--source');
  const bad = await plumbline('reconcile', `${platform.namespace}/app`);
  expect(bad.code).toBe(1);
  expect(bad.out).toContain('a.yaml');
  const status = await plumbline('status', 'app', '-n', platform.namespace);
  expect(status.code).toBe(1);
  expect(status.out).toContain('Failed');
}, 60_000);

test('a suspended stack is left alone until it is resumed', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  const name = `${platform.namespace}/app`;
  await platform.stack('app');
  await platform.ready('app');
  expect(await plumbline('suspend', name)).toMatchObject({ code: 0, out: `Stack ${name} is suspended\n` });
  expect((await plumbline('status', name)).out).toContain('Suspended');
  expect(await plumbline('reconcile', name)).toMatchObject({
    code: 2,
    error: expect.stringContaining('plumbline resume'),
  });
  expect(await plumbline('resume', name)).toMatchObject({ code: 0, out: `Stack ${name} goes on\n` });
  expect(await plumbline('reconcile', name)).toMatchObject({ code: 0 });
}, 60_000);

test.each([
  [['status', 'nowhere/none'], 'there is no Stack called nowhere/none in namespace nowhere'],
  [['why', 'configmap'], 'configmap is no name of an object'],
  [['reconcile', 'nowhere/none', '--source'], 'there is no GitSource called nowhere/none'],
])('%j says what is wrong in one sentence, and exits with 2', async (args, sentence) => {
  const { code, error, out } = await plumbline(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(error).toContain(sentence);
  expect(error.trim().split('\n')).toHaveLength(1);
});
