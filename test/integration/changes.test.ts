import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { configMap, kubectl, Platform, startTestOperator, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

test('no more Changes and rendered revisions are kept than spec.history says, and none can be edited', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a', '0') });
  await platform.stack('app', 'history: 2');
  await platform.ready('app');
  for (const value of ['1', '2', '3'])
    await platform.applied('app', await platform.commit({ 'app/a.yaml': configMap('a', value) }, `Set ${value}`));
  const changes = await platform.changes('app');
  expect(changes.map(({ commit }) => commit.subject)).toEqual(['Set 2', 'Set 3']);
  const kept = await readdir(join(operator.folder, 'data', 'rendered', `${platform.namespace}_app`));
  expect(kept).toHaveLength(2);
  const [name] = (await kubectl(['-n', platform.namespace, 'get', 'changes', '-o', 'name'])).split('\n');
  const patch = ['-n', platform.namespace, 'patch', name ?? '', '--type=merge', '-p', '{"spec":{"message":"other"}}'];
  await expect(kubectl(patch)).rejects.toThrow('a Change is a record: it cannot be changed');
});

test('a commit of which one object fails is recorded as failed, with what was done all the same', async () => {
  await using platform = await Platform.create({
    'app/a.yaml': configMap('a'),
    'app/b.yaml': `${configMap('b')}wrong: 1\n`,
  });
  await platform.stack('app');
  await platform.fails('app', 'ObjectInvalid');
  expect(await platform.changes('app')).toMatchObject([
    {
      result: 'Failed',
      created: 1,
      failed: 1,
      objects: [{ object: `ConfigMap/${platform.namespace}/a`, action: 'created' }],
    },
  ]);
  expect((await platform.get('app'))?.status).toMatchObject({
    failureCount: 1,
    failures: [{ object: `ConfigMap/${platform.namespace}/b`, reason: 'ObjectInvalid' }],
  });
});
