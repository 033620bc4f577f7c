import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { annotated, configMap, Platform, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const value = async (platform: Platform, name: string): Promise<string | undefined> =>
  (await platform.configMap(name))?.data?.['value'];
const edit = (platform: Platform, name: string): Promise<void> =>
  platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: platform.namespace },
    { data: { value: 'hand' } },
  );

test('prune: skip keeps an object that leaves Git, and one whose stack is deleted', async () => {
  await using platform = await Platform.create({
    'app/a.yaml': configMap('a', '1', annotated({ prune: 'skip' })),
    'app/b.yaml': configMap('b', '1', annotated({ prune: 'skip' })),
    'app/c.yaml': configMap('c'),
  });
  await platform.stack('app');
  await platform.ready('app');
  await platform.applied('app', await platform.commit({ 'app/a.yaml': null }));
  expect(await value(platform, 'a')).toBe('1');
  await edit(platform, 'a');
  await platform.cluster.delete('plumbline.dev/v1alpha1', 'Stack', 'app', platform.namespace);
  await until('the stack is gone', async () => (await platform.get('app')) === undefined || undefined);
  expect(await value(platform, 'a')).toBe('hand');
  expect(await value(platform, 'b')).toBe('1');
  expect(await platform.configMap('c')).toBeUndefined();
});

test('apply: skip never applies an object; one that was applied before is let go: neither healed nor pruned', async () => {
  await using platform = await Platform.create({
    'app/a.yaml': configMap('a', '1', annotated({ apply: 'skip' })),
    'app/b.yaml': configMap('b'),
  });
  await platform.stack('app');
  await platform.ready('app');
  expect(await platform.configMap('a')).toBeUndefined();
  const skipped = { 'app/b.yaml': configMap('b', '2', annotated({ apply: 'skip' })), 'app/c.yaml': configMap('c') };
  await platform.applied('app', await platform.commit(skipped));
  await edit(platform, 'b');
  await edit(platform, 'c');
  await until('the neighbour is healed', async () => ((await value(platform, 'c')) === '1' ? true : undefined));
  expect(await value(platform, 'b')).toBe('hand');
  await platform.applied('app', await platform.commit({ 'app/b.yaml': null }));
  expect(await value(platform, 'b')).toBe('hand');
});

test('apply: create-only creates an object, leaves it alone after that, and creates it again when it is deleted', async () => {
  await using platform = await Platform.create({
    'app/a.yaml': configMap('a', '1', annotated({ apply: 'create-only' })),
    'app/c.yaml': configMap('c'),
  });
  await platform.stack('app');
  await platform.ready('app');
  await edit(platform, 'a');
  await edit(platform, 'c');
  await until('the neighbour is healed', async () => ((await value(platform, 'c')) === '1' ? true : undefined));
  expect(await value(platform, 'a')).toBe('hand');
  const changed = await platform.commit({ 'app/a.yaml': configMap('a', '2', annotated({ apply: 'create-only' })) });
  await platform.applied('app', changed);
  expect(await value(platform, 'a')).toBe('hand');
  await platform.cluster.delete('v1', 'ConfigMap', 'a', platform.namespace);
  await until('it is back as Git has it', async () => ((await value(platform, 'a')) === '2' ? true : undefined));
  await platform.applied('app', await platform.commit({ 'app/a.yaml': null }));
  expect(await platform.configMap('a')).toBeUndefined();
});

test('apply: create-only leaves an object that was there before whose it is: not even pruned', async () => {
  await using platform = await Platform.create({
    'app/a.yaml': configMap('a', 'git', annotated({ apply: 'create-only', wave: '-1' })),
    'app/b.yaml': configMap('b'),
  });
  await platform.cluster.apply(configMap('a', 'theirs', `  namespace: ${platform.namespace}\n`));
  await platform.stack('app');
  await platform.ready('app');
  expect(await value(platform, 'a')).toBe('theirs');
  await platform.applied('app', await platform.commit({ 'app/a.yaml': null }));
  expect(await value(platform, 'a')).toBe('theirs');
});

test('recreate: allow deletes and creates one object on a change of an immutable field, without spec.recreate', async () => {
  const immutable = (name: string, size: string): string =>
    configMap(name, size, annotated(name === 'a' ? { recreate: 'allow' } : {})).replace(
      '\ndata:',
      '\nimmutable: true\ndata:',
    );
  await using platform = await Platform.create({
    'app/a.yaml': immutable('a', '1'),
    'app/b.yaml': immutable('b', '1'),
  });
  await platform.stack('app');
  await platform.ready('app');
  const before = (await platform.configMap('a'))?.metadata.uid;
  await platform.commit({ 'app/a.yaml': immutable('a', '2'), 'app/b.yaml': immutable('b', '2') });
  expect(await platform.fails('app', 'ImmutableField')).toContain('app/b.yaml:1: data can not be changed');
  expect(await value(platform, 'a')).toBe('2');
  expect((await platform.configMap('a'))?.metadata.uid).not.toBe(before);
  expect(await value(platform, 'b')).toBe('1');
});

describe('an annotation that says something else is refused with a sentence', () => {
  const cases = [
    { name: 'prune', value: 'never', message: 'annotation plumbline.dev/prune, expected skip, found "never"' },
    {
      name: 'apply',
      value: 'once',
      message: 'annotation plumbline.dev/apply, expected skip or create-only, found "once"',
    },
    { name: 'recreate', value: 'yes', message: 'annotation plumbline.dev/recreate, expected allow, found "yes"' },
    {
      name: 'wave',
      value: 'abc',
      message: 'annotation plumbline.dev/wave, expected a whole number in quotes, found "abc"',
    },
    {
      name: 'wave',
      value: '1.5',
      message: 'annotation plumbline.dev/wave, expected a whole number in quotes, found "1.5"',
    },
  ];
  test('the four of them at once', async () => {
    const files = cases.map(({ name, value: written }, index) => [
      `app/${index}.yaml`,
      configMap(`c${index}`, '1', annotated({ [name]: written })),
    ]);
    await using platform = await Platform.create(Object.fromEntries(files) as Record<string, string>);
    await platform.stack('app');
    const message = await platform.fails('app', 'ObjectInvalid');
    cases.forEach(({ message: sentence }, index) => expect(message).toContain(`app/${index}.yaml:1: ${sentence}`));
    await platform.commit({ 'app/9.yaml': configMap('c9', '1', '  annotations: {plumbline.dev/wave: 3}\n') });
    await until(
      'a number without quotes is told',
      async () => (await platform.fails('app', 'ObjectInvalid')).includes('found 3; correct or remove it') || undefined,
    );
  });
});
