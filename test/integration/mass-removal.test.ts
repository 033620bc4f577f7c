import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, type TestOperator } from '#testing';
import { breakApp, mendApp, twoStacks } from '../support/harmless.ts';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

test('everything removed at once is refused, until it is allowed', async () => {
  await using platform = await twoStacks();
  expect(await breakApp(platform, { 'app/a.yaml': null, 'app/readme.txt': 'empty' }, 'RenderedEmpty')).toContain(
    'app: the commit holds no object, the stack owns 1',
  );
  await mendApp(platform);
  await breakApp(platform, { 'app/a.yaml': '# nothing\n' }, 'RenderedEmpty');
  await platform.stack('app', 'allowEmpty: true');
  await platform.ready('app');
  expect(await platform.configMap('a')).toBeUndefined();
  expect(await platform.configMap('b')).toBeDefined();
});

test('a prune over the limit names what would go, and waits until exactly that is confirmed', async () => {
  const names = [...Array(24).keys()].map((index) => `c${index}`);
  const files = (removed: number): Record<string, string | null> =>
    Object.fromEntries(names.map((name, index) => [`app/${name}.yaml`, index < removed ? null : configMap(name)]));
  await using platform = await Platform.create({
    'app/a.yaml': configMap('a'),
    ...(files(0) as Record<string, string>),
  });
  await platform.stack('app');
  await platform.ready('app');
  const uids = (): Promise<(string | undefined)[]> =>
    Promise.all(names.map(async (name) => (await platform.configMap(name))?.metadata.uid));
  const before = await uids();
  const confirm = (digest: string): Promise<void> =>
    platform.cluster.edit(
      { apiVersion: 'plumbline.dev/v1alpha1', kind: 'Stack', name: 'app', namespace: platform.namespace },
      { metadata: { annotations: { 'plumbline.dev/confirm-prune': digest } } },
    );
  const digestIn = (message: string): string => /confirm-prune: (\S+)/.exec(message)?.[1] ?? '';

  await platform.commit(files(13));
  const first = await platform.fails('app', 'PruneLimitExceeded');
  expect(first).toMatch(/13 of 25 objects would be pruned: .*and 8 more.*at most 12 at once \(spec\.pruneLimit: 50\)/);
  await platform.commit(files(14));
  const second = await platform.saying('app', /14 of 25 objects would be pruned/);
  expect(digestIn(second)).not.toBe(digestIn(first));
  // A confirmation of another set is none.
  await confirm(digestIn(first));
  const last = await platform.commit({ 'app/a.yaml': configMap('a', '2') });
  await platform.wants('app', last);
  await platform.fails('app', 'PruneLimitExceeded');
  expect(await uids()).toEqual(before);

  await confirm(digestIn(second));
  await platform.applied('app', last);
  expect((await uids()).map((uid) => uid !== undefined)).toEqual(names.map((_, index) => index >= 14));
  expect((await platform.configMap('a'))?.data).toEqual({ value: '2' });
});
