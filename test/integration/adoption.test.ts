import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, kubectl, Platform, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

test("an object of kubectl's client-side apply is adopted by name, and what Git leaves out is removed", async () => {
  await using platform = await Platform.create({ 'app/a.yaml': `${configMap('a', 'git')}  kept: "1"\n` });
  await kubectl(
    ['-n', platform.namespace, 'apply', '-f', '-'],
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: kubectl, kept: "1", dropped: "1"}\n',
  );
  const before = (await platform.configMap('a'))?.metadata.uid;
  await platform.stack('app');
  await platform.ready('app');
  const adopted = await platform.configMap('a');
  expect(adopted?.data).toEqual({ value: 'git', kept: '1' });
  expect(adopted?.metadata.uid).toBe(before);
  const key = `ConfigMap/${platform.namespace}/a`;
  expect(await platform.changes('app')).toMatchObject([
    { objects: [{ object: key, action: 'adopted' }], message: `1 adopted (${key})` },
  ]);
  const event = await until('the adoption is an event', async () =>
    (await platform.events('Stack', 'app')).find(({ note }) => note.includes('adopted')),
  );
  expect(event).toMatchObject({ type: 'Normal', reason: 'Applied' });
  await platform.applied('app', await platform.commit({ 'app/a.yaml': configMap('a', 'git') }));
  expect((await platform.configMap('a'))?.data).toEqual({ value: 'git' });
});
