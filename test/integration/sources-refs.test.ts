/** What spec.ref, the choice of files, suspend and the reconcile annotation do, through the operator. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, TestSource, until, type TestOperator } from '#testing';

let operator: TestOperator;
let platform: Platform;
let source: TestSource;
beforeAll(async () => {
  operator = await startTestOperator();
  platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  source = new TestSource(platform);
  const { repository } = platform.git;
  await repository.git('tag', '--annotate', '--message', 'one', 'v1.2.0');
  await repository.git('tag', 'v2.0.0-rc.1');
  await repository.commit({ 'app/a.yaml': configMap('a', '2') }, 'Second');
  await repository.git('tag', 'v1.10.0');
  await repository.git('update-ref', 'refs/pull/7/head', 'HEAD');
  // The source may have been fetched in between, and does not look again for ten minutes.
  await platform.commit({ 'app/a.yaml': configMap('a', '3') }, 'Third');
}, 60_000);
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await operator[Symbol.asyncDispose]();
});

const commitOf = (name: string): Promise<string> => platform.git.repository.git('rev-parse', `${name}^{commit}`);

test.each([
  { ref: 'branch: main', is: 'main', name: 'main@' },
  { ref: 'tag: v1.2.0', is: 'v1.2.0', name: 'v1.2.0@' },
  { ref: 'semver: ^1.0', is: 'v1.10.0', name: 'v1.10.0@' },
  { ref: 'name: refs/pull/7/head', is: 'main~1', name: 'refs/pull/7/head@' },
  { ref: 'commit', is: 'main~2', name: '' },
])('ref {$ref} is followed, and the status says which commit it is', async ({ ref, is, name }) => {
  const commit = await commitOf(is);
  await source.write(`ref: {${ref === 'commit' ? `commit: "${commit}"` : ref}}`);
  const { artifact } = (await source.at(commit)).status ?? {};
  expect(artifact).toMatchObject({
    revision: `${name}sha1:${commit}`,
    author: 'Ada Platform <ada@example.com>',
    subject: await platform.git.repository.git('log', '-1', '--format=%s', commit),
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  });
  expect(Date.parse(artifact?.time ?? '')).toBe(
    Number(await platform.git.repository.git('log', '-1', '--format=%ct', commit)) * 1000,
  );
});

test('ignore and sparsePaths change what is exported, and its digest', async () => {
  const commit = await commitOf('main');
  await source.write('ref: {branch: main}');
  const all = (await source.at(commit)).status?.artifact;
  await source.write('ref: {branch: main}, sparsePaths: [app], ignore: "a.yaml"');
  const none = (await source.at(commit)).status?.artifact;
  expect(none?.tree).toBe(all?.tree);
  expect(none?.digest).not.toBe(all?.digest);
});

test('a suspended source fetches nothing, even when it is told to reconcile; resumed it is at the newest commit', async () => {
  await source.write('ref: {branch: main}, suspend: true');
  await source.fails('Suspended');
  const asked = platform.git.server.requests;
  const commit = await platform.commit({ 'app/a.yaml': configMap('a', '4') });
  await until('the request is handled', async () => {
    const found = await source.get();
    const wanted = found?.metadata.annotations?.['plumbline.dev/reconcile'];
    return wanted !== undefined && found?.status?.lastHandledReconcileAt === wanted ? true : undefined;
  });
  expect(platform.git.server.requests).toBe(asked);
  await source.write('ref: {branch: main}, suspend: false');
  await source.at(commit);
});
