import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Platform } from '#testing';
import { configMap, startTestOperator, type TestOperator } from '#testing';
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

const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...[...'bcdefghij'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(',')}]`),
].join('\n');

/** Each adds one file to a stack that works. */
const files: readonly { name: string; file: string; reason: string; message: RegExp }[] = [
  { name: 'a YAML syntax error', file: 'a: 1\n b: [', reason: 'YamlInvalid', message: /app\/bad\.yaml:2/ },
  {
    name: 'duplicate keys',
    file: 'kind: A\nkind: B\n',
    reason: 'YamlInvalid',
    message: /app\/bad\.yaml:2.*duplicated mapping key/,
  },
  {
    name: 'a YAML bomb',
    file: bomb,
    reason: 'YamlInvalid',
    message: /app\/bad\.yaml:1.*more than 1000000 nodes once aliases are expanded/,
  },
  {
    name: 'a bomb of merge keys',
    file: bomb.replaceAll('[', '[{<<: [').replaceAll(']', ']}]').replace('x,x,x,x,x,x,x,x,x', '{x: 1}'),
    reason: 'YamlInvalid',
    message: /app\/bad\.yaml:2/,
  },
  { name: 'deep nesting', file: '['.repeat(5000), reason: 'YamlInvalid', message: /app\/bad\.yaml.*maxDepth \(100\)/ },
  {
    name: 'a number that would lose digits',
    file: `${configMap('bad')}---\n${configMap('worse')}  number: 12345678901234567890\n`,
    reason: 'YamlInvalid',
    message: /app\/bad\.yaml:8 data\.number: number 12345678901234567890 is too large to be kept exactly.*quote it/,
  },
  {
    name: 'a list for a document',
    file: '- a\n- b\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1: the document is not an object.*found a list/,
  },
  {
    name: 'a scalar for a document',
    file: 'just text\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1.*found the string "just text"/,
  },
  {
    name: 'an object without kind',
    file: 'apiVersion: v1\nmetadata: {name: x}\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1: kind is missing/,
  },
  {
    name: 'an object without name',
    file: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1: ConfigMap has no metadata\.name/,
  },
  {
    name: 'generateName',
    file: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1: ConfigMap has metadata\.generateName.*set metadata\.name/,
  },
  {
    name: 'the same object twice',
    file: configMap('a'),
    reason: 'DuplicateObject',
    message: /app\/bad\.yaml:1: ConfigMap .*\/a stands in app\/a\.yaml:1 too/,
  },
  {
    name: 'a file over the limit',
    file: `# ${'x'.repeat(5 * 2 ** 20)}\n`,
    reason: 'FileTooLarge',
    message: /app\/bad\.yaml: too large.*at most 5242880 bytes a file.*found 5242883 bytes/,
  },
];

test.each(files)('$name gets one sentence and harms nothing', async ({ file, reason, message }) => {
  expect(await breakApp(platform, { 'app/bad.yaml': file }, reason)).toMatch(message);
  await mendApp(platform);
});

test('all bad files of a commit are told at once', async () => {
  await platform.commit({ 'app/x.yaml': 'a: [', 'app/y.yaml': '- a\n', 'app/z.yaml': configMap('a') });
  const message = await platform.fails('app', 'YamlInvalid');
  expect(message).toMatch(/3 problems:\n(.*\n)*app\/x\.yaml:/);
  for (const name of ['app/x.yaml:', 'app/y.yaml:', 'app/z.yaml:']) expect(message).toContain(name);
  await mendApp(platform);
});

describe('a symbolic link', () => {
  test.each([
    { name: 'to a file outside', target: '/etc/hostname', says: 'out of the repository' },
    { name: 'to a folder outside', target: '../../../..', says: 'out of the repository' },
    { name: 'to nothing', target: 'nowhere.yaml', says: 'which does not exist' },
  ])('$name is refused and harms nothing', async ({ target, says }) => {
    await symlink(target, join(platform.git.repository.folder, 'app', 'link.yaml'));
    expect(await breakApp(platform, {}, 'SymlinkEscapes')).toContain(
      `app/link.yaml: the symbolic link points to ${target}, ${says}`,
    );
    await mendApp(platform);
  });

  test('inside the repository is followed', async () => {
    await symlink('other', join(platform.git.repository.folder, 'shared'));
    await symlink('../shared/c.yaml', join(platform.git.repository.folder, 'app', 'link.yaml'));
    const commit = await platform.commit({ 'other/c.yaml': '# nothing\n', 'app/d.yaml': configMap('d') });
    await platform.applied('app', commit);
  });
});

describe('the path of a stack', () => {
  test('that is not in the commit is named, and harms nothing', async () => {
    const before = await platform.configMap('a');
    await platform.stack('app', 'path: nowhere');
    expect(await platform.fails('app', 'PathNotFound')).toContain('nowhere: the path is not in the commit');
    expect(await platform.configMap('a')).toEqual(before);
    await platform.stack('app');
    await platform.ready('app');
  });

  test.each(['..', '../x', 'app/../../x', '/etc'])('may not be %s: the Stack itself is refused', async (path) => {
    await expect(platform.stack('app', `path: "${path}"`)).rejects.toThrow(/path must stay inside the repository/);
    expect((await platform.ready('app')).spec.path).toBe('app');
  });
});
