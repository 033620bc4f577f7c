import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

test('more than pruneLimit allows goes once exactly that set is confirmed', async () => {
  const files = Object.fromEntries(
    [...Array(24).keys()].map((index) => [`app/c${index}.yaml`, configMap(`c${index}`)]),
  );
  await using platform = await Platform.create(files);
  await platform.stack('app');
  await platform.ready('app');
  const gone = Object.fromEntries(
    Object.keys(files)
      .slice(4)
      .map((file) => [file, null]),
  );
  const commit = await platform.commit(gone);
  const message = await platform.fails('app', 'PruneLimitExceeded');
  expect(message).toContain('20 of 24 objects would be pruned');
  const [, digest = ''] = /plumbline\.dev\/confirm-prune: (\S+)/.exec(message) ?? [];
  const confirm = (value: string): Promise<void> =>
    platform.cluster.edit(
      { apiVersion: 'plumbline.dev/v1alpha1', kind: 'Stack', name: 'app', namespace: platform.namespace },
      { metadata: { annotations: { 'plumbline.dev/confirm-prune': value } } },
    );
  await confirm('another-set');
  expect(await platform.configMap('c23')).toBeDefined();
  await confirm(digest);
  await platform.applied('app', commit);
  expect(await platform.configMap('c23')).toBeUndefined();
  expect(await platform.configMap('c0')).toBeDefined();
});

test('allowEmpty lets a commit without objects remove everything, targetNamespace says from where', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a', '1', '  namespace: elsewhere\n') });
  await platform.stack('app', `allowEmpty: true, targetNamespace: ${platform.namespace}`);
  await platform.ready('app');
  expect((await platform.configMap('a'))?.data).toEqual({ value: '1' });
  await platform.applied('app', await platform.commit({ 'app/a.yaml': null, 'app/readme.txt': 'empty' }));
  expect(await platform.configMap('a')).toBeUndefined();
});

test('prune: false keeps what leaves Git, and no longer heals it', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'app/b.yaml': configMap('b') });
  await platform.stack('app', 'prune: false');
  await platform.ready('app');
  await platform.applied('app', await platform.commit({ 'app/b.yaml': null }));
  for (const name of ['b', 'a']) {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: platform.namespace };
    await platform.cluster.edit(object, { data: { value: 'hand' } });
  }
  await until('a is healed', async () => ((await platform.configMap('a'))?.data?.['value'] === '1' ? true : undefined));
  expect((await platform.configMap('b'))?.data).toEqual({ value: 'hand' });
});
