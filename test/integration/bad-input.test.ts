import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { configMap, Platform, startTestOperator, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...[...'bcdefghij'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(',')}]`),
].join('\n');

/** Each adds one file to a stack that works; the first good revision must stay. */
const files: readonly { name: string; file: string; reason: string; message: RegExp }[] = [
  { name: 'a YAML syntax error', file: 'a: 1\n b: [', reason: 'YamlInvalid', message: /app\/bad\.yaml:2/ },
  {
    name: 'duplicate keys',
    file: 'kind: A\nkind: B\n',
    reason: 'YamlInvalid',
    message: /app\/bad\.yaml:2.*duplicated mapping key/,
  },
  { name: 'a YAML bomb', file: bomb, reason: 'YamlInvalid', message: /app\/bad\.yaml/ },
  { name: 'deep nesting', file: '['.repeat(5000), reason: 'YamlInvalid', message: /app\/bad\.yaml.*depth/i },
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
    message: /found the string "just text"/,
  },
  {
    name: 'an object without kind',
    file: 'apiVersion: v1\nmetadata: {name: x}\n',
    reason: 'ObjectInvalid',
    message: /kind is missing/,
  },
  {
    name: 'an object without name',
    file: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n',
    reason: 'ObjectInvalid',
    message: /no metadata\.name/,
  },
  {
    name: 'generateName',
    file: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n',
    reason: 'ObjectInvalid',
    message: /generateName/,
  },
  {
    name: 'an unknown field',
    file: `${configMap('bad')}datta: {}\n`,
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1.*datta/,
  },
  {
    name: 'a wrong type',
    file: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndata: [1]\n',
    reason: 'ObjectInvalid',
    message: /app\/bad\.yaml:1/,
  },
  {
    name: 'an unknown kind',
    file: 'apiVersion: nowhere.example/v1\nkind: Nothing\nmetadata: {name: x}\n',
    reason: 'UnknownKind',
    message: /kind Nothing of nowhere\.example\/v1/,
  },
  {
    name: 'the same object twice',
    file: configMap('a'),
    reason: 'DuplicateObject',
    message: /app\/bad\.yaml:1: ConfigMap .* stands in app\/a\.yaml:1 too/,
  },
  {
    name: 'a namespace that does not exist',
    file: configMap('bad', '1', '  namespace: nowhere-at-all\n'),
    reason: 'NamespaceNotFound',
    message: /namespace nowhere-at-all/,
  },
];

describe('one bad file', () => {
  test.each(files)('$name gets one sentence, and the last good revision stays', async ({ file, reason, message }) => {
    await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
    await platform.stack('app');
    const good = await platform.ready('app');
    await platform.commit({ 'app/bad.yaml': file });
    expect(await platform.fails('app', reason)).toMatch(message);
    expect((await platform.get('app'))?.status?.applied?.commit).toBe(good.status?.applied?.commit);
    expect(await platform.configMap('a')).toBeDefined();
    await platform.git.repository.revert();
    await platform.reconcile();
    await platform.ready('app');
  });
});

test('a symbolic link out of the repository is refused', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await symlink('/etc/hostname', join(platform.git.repository.folder, 'app', 'link.yaml'));
  await platform.commit({});
  await platform.stack('app');
  expect(await platform.fails('app', 'SymlinkEscapes')).toContain(
    'app/link.yaml: the symbolic link points to /etc/hostname',
  );
});

test('everything removed at once is refused', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  await platform.commit({ 'app/a.yaml': null, 'app/readme.txt': 'empty' });
  expect(await platform.fails('app', 'RenderedEmpty')).toContain('the commit holds no object, the stack owns 1');
  expect(await platform.configMap('a')).toBeDefined();
});

test('a path that is not in the commit is named', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app', 'path: nowhere');
  expect(await platform.fails('app', 'PathNotFound')).toContain('nowhere');
});

test('an object of another stack is refused, and the first stack keeps it', async () => {
  await using platform = await Platform.create({ 'one/a.yaml': configMap('a'), 'two/a.yaml': configMap('a', '2') });
  await platform.stack('one');
  await platform.ready('one');
  await platform.stack('two');
  expect(await platform.fails('two', 'OwnedByOtherStack')).toContain(`belongs to stack ${platform.namespace}/one`);
  expect((await platform.configMap('a'))?.data).toEqual({ value: '1' });
});

test('a missing ServiceAccount is named, and one without rights is told which it lacks', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app', 'serviceAccountName: nobody');
  expect(await platform.fails('app', 'ServiceAccountNotFound')).toContain(
    `ServiceAccount ${platform.namespace}/nobody does not exist`,
  );
  await platform.cluster.apply(
    `{apiVersion: v1, kind: ServiceAccount, metadata: {name: nobody, namespace: ${platform.namespace}}}`,
  );
  const message = await platform.fails('app', 'Forbidden');
  expect(message).toContain(`ServiceAccount ${platform.namespace}/nobody may not patch configmaps`);
}, 30_000);

test('stacks in a circle are named', async () => {
  await using platform = await Platform.create({ 'a/a.yaml': configMap('a'), 'b/b.yaml': configMap('b') });
  await platform.stack('a', 'dependsOn: [{name: b}]');
  await platform.stack('b', 'dependsOn: [{name: a}]');
  const { namespace } = platform;
  expect(await platform.fails('a', 'DependencyCycle')).toContain(`${namespace}/a -> ${namespace}/b -> ${namespace}/a`);
});

test('a field of another manager is reported with its name, and taken when told to', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'kube-root-ca.crt', namespace: 'default' },
    {},
  );
  await platform.cluster.transport.request({
    method: 'POST',
    path: `/api/v1/namespaces/${platform.namespace}/configmaps`,
    query: { fieldManager: 'someone' },
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { value: 'theirs' } },
  });
  await platform.stack('app');
  expect(await platform.fails('app', 'FieldConflict')).toContain('data.value (someone)');
  await platform.stack('app', 'force: true');
  await platform.ready('app');
  expect((await platform.configMap('a'))?.data).toEqual({ value: '1' });
});

test('an invalid object with recreate deletes nothing; a proven immutable field recreates', async () => {
  const job = (image: string, name = 'j'): string =>
    `apiVersion: batch/v1\nkind: Job\nmetadata: {name: ${name}}\nspec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: c, image: "${image}"}]}}}\n`;
  await using platform = await Platform.create({ 'app/job.yaml': job('one') });
  await platform.stack('app', 'wait: false, recreate: true');
  await platform.ready('app');
  const uid = async (): Promise<string | undefined> =>
    (await platform.cluster.get('batch/v1', 'Job', 'j', platform.namespace))?.metadata.uid;
  const before = await uid();
  await platform.commit({ 'app/job.yaml': job('') });
  await platform.fails('app', 'ObjectInvalid');
  expect(await uid()).toBe(before);
  const fixed = await platform.commit({ 'app/job.yaml': job('two') });
  await platform.applied('app', fixed);
  expect(await uid()).not.toBe(before);
}, 30_000);
