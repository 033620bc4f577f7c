import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const edit = (platform: Platform, data: unknown): Promise<void> =>
  platform.cluster.edit({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: platform.namespace }, { data });

const value = async (platform: Platform): Promise<string | undefined> =>
  (await platform.configMap('a'))?.data?.['value'];

test('a field that somebody changed is put back, and the stack names field, values and manager', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  await edit(platform, { value: 'hand' });
  await until('the value is back', async () => ((await value(platform)) === '1' ? true : undefined));
  const drift = await until('the drift is told', async () => (await platform.get('app'))?.status?.drift);
  expect(drift).toMatchObject([
    {
      object: `ConfigMap/${platform.namespace}/a`,
      field: 'data.value',
      from: '1',
      to: 'hand',
      manager: 'kubectl-edit',
      healed: true,
    },
  ]);
});

test("fields that Git does not set are other people's", async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  await edit(platform, { other: 'mine' });
  await edit(platform, { value: 'hand' });
  await until('our value is back', async () => ((await value(platform)) === '1' ? true : undefined));
  expect((await platform.configMap('a'))?.data?.['other']).toBe('mine');
});

test('a deleted object comes back', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  await platform.cluster.delete('v1', 'ConfigMap', 'a', platform.namespace);
  await until('it is back', async () => value(platform));
});

test('mode warn names the drift and leaves it', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app', 'drift: {mode: warn}');
  await platform.ready('app');
  await edit(platform, { value: 'hand' });
  const drift = await until('the drift is told', async () => (await platform.get('app'))?.status?.drift);
  expect(drift).toMatchObject([{ field: 'data.value', to: 'hand', healed: false }]);
  expect(await value(platform)).toBe('hand');
  const told = (to: string): Promise<true> =>
    until(`${to} is told`, async () => (await platform.get('app'))?.status?.drift?.[0]?.to === to || undefined);
  await edit(platform, { value: 'another' });
  await told('another');
  await edit(platform, { value: '1' });
  await platform.condition('app', 'Drifted', 'NoDrift');
  await edit(platform, { value: 'hand' });
  await told('hand');
});

test('mode ignore leaves what somebody changed, and says that nobody looks', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app', 'drift: {mode: ignore}');
  await platform.ready('app');
  await edit(platform, { value: 'hand' });
  const commit = await platform.commit({ 'app/b.yaml': configMap('b') });
  await platform.applied('app', commit);
  expect(await value(platform)).toBe('hand');
  expect((await platform.condition('app', 'Drifted', 'DriftIgnored')).status).toBe('Unknown');
});

test('an ignored field may be changed; a change beside it is put back, and a commit leaves it', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': `${configMap('a')}  fixed: git\n` });
  await platform.stack('app', 'drift: {ignore: [{target: {kind: ConfigMap}, pointers: [/data/value]}]}');
  await platform.ready('app');
  await edit(platform, { value: 'hand', fixed: 'hand' });
  await until('the other field is back', async () =>
    (await platform.configMap('a'))?.data?.['fixed'] === 'git' ? true : undefined,
  );
  expect(await value(platform)).toBe('hand');
  const commit = await platform.commit({ 'app/a.yaml': `${configMap('a', '2')}  fixed: other\n` });
  await platform.applied('app', commit);
  expect((await platform.configMap('a'))?.data).toEqual({ value: 'hand', fixed: 'other' });
});

test('drift is put back while a newer commit cannot be rendered', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  await platform.commit({ 'app/bad.yaml': 'a: [' });
  await platform.fails('app', 'YamlInvalid');
  await edit(platform, { value: 'hand' });
  await until('the value is back', async () => ((await value(platform)) === '1' ? true : undefined));
});
