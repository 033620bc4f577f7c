/** Bad input from Git, through the operator: one sentence each, the last good revision stays, and what is mended goes on. */
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, ready, startTestOperator, TestSource, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

interface Case {
  readonly name: string;
  /** Of the source while all is well. */
  readonly spec?: string;
  readonly breaks: (platform: Platform, source: TestSource) => Promise<unknown>;
  readonly reason: string;
  readonly message: RegExp;
  readonly mends: (platform: Platform, source: TestSource) => Promise<unknown>;
}

const main = 'ref: {branch: main}';
const cases: readonly Case[] = [
  {
    name: 'an unreachable host',
    breaks: (_, source) => source.write(main, 'http://127.0.0.1:1/x.git'),
    reason: 'GitUnreachable',
    message: /^http:\/\/127\.0\.0\.1:1\/x\.git: the server did not answer.*; check the address/,
    mends: (_, source) => source.write(main),
  },
  {
    name: 'a host whose name does not resolve',
    breaks: (_, source) => source.write(main, 'https://git.invalid/x.git'),
    reason: 'GitUnreachable',
    message: /^https:\/\/git\.invalid\/x\.git: the name of the server does not resolve.*; check the host in spec\.url/,
    mends: (_, source) => source.write(main),
  },
  {
    name: 'wrong credentials',
    breaks: async ({ git }, source) => {
      git.server.credentials = { username: 'ada', password: 'right-word' };
      await source.secret('git', { username: 'ada', password: 'wrong-word' });
      await source.write(`${main}, secretRef: {name: git}`);
    },
    reason: 'GitAuthFailed',
    message: /the server refused the credentials(?!.*wrong-word).*; put valid credentials into the Secret/,
    mends: (_, source) => source.secret('git', { username: 'ada', password: 'right-word' }),
  },
  {
    name: 'a missing branch',
    breaks: (_, source) => source.write('ref: {branch: nope}'),
    reason: 'GitRefNotFound',
    message: /branch nope is not in the repository, found the branches main, next; push it, or correct spec\.ref/,
    mends: (_, source) => source.write(main),
  },
  {
    name: 'a branch that vanishes',
    spec: 'ref: {branch: next}',
    breaks: async (platform) => {
      await platform.git.repository.git('branch', '--move', 'next', 'kept');
      await platform.reconcile();
    },
    reason: 'GitRefNotFound',
    message: /branch next is not in the repository, found the branches kept, main; .*the last good revision stays/,
    mends: (platform) => platform.git.repository.git('branch', '--move', 'kept', 'next'),
  },
  {
    name: 'an empty repository',
    breaks: async (platform, source) => {
      const { repository } = platform.git;
      await rename(`${repository.folder}/.git`, `${repository.folder}/.away`);
      await repository.git('init', '--quiet', '--initial-branch=main');
      await source.write(main);
      await platform.reconcile();
    },
    reason: 'GitRepositoryEmpty',
    message: /the repository has no commit; push a first commit/,
    mends: async ({ git: { repository } }) => {
      await rename(`${repository.folder}/.git`, `${repository.folder}/.empty`);
      await rename(`${repository.folder}/.away`, `${repository.folder}/.git`);
    },
  },
  {
    name: 'a repository that is not there',
    breaks: (platform, source) => source.write(main, platform.git.url.replace('repository', 'other')),
    reason: 'GitRepositoryNotFound',
    message: /there is no repository at the address.*; correct spec\.url/,
    mends: (_, source) => source.write(main),
  },
  {
    name: 'a credentials Secret that does not exist',
    breaks: (_, source) => source.write(`${main}, secretRef: {name: absent}`),
    reason: 'SecretNotFound',
    message: /^Secret t-[0-9a-f]+\/absent: the Secret does not exist; create it in the namespace of the source/,
    mends: (_, source) => source.secret('absent', { username: 'ada', password: 'word' }),
  },
  {
    name: 'a Secret that lacks an entry',
    breaks: async (_, source) => {
      await source.secret('half', { username: 'ada' });
      await source.write(`${main}, secretRef: {name: half}`);
    },
    reason: 'SecretNotFound',
    message: /^Secret t-[0-9a-f]+\/half: the Secret has no entry "password", found username; add it/,
    mends: (_, source) => source.secret('half', { username: 'ada', password: 'word' }),
  },
];

test.each(cases)('$name gets one sentence, the last good revision stays, and mended it goes on', async (given) => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  const { repository } = platform.git;
  const source = new TestSource(platform);
  await repository.git('branch', 'next');
  await source.write(given.spec ?? main);
  await platform.stack('app');
  const good = (await platform.ready('app')).status?.applied?.commit ?? '';
  await source.at(good);
  await given.breaks(platform, source);
  expect(await source.fails(given.reason)).toMatch(given.message);
  expect((await source.get())?.status?.artifact?.commit).toBe(good);
  await healed(platform, '1');
  expect((await platform.get('app'))?.status?.applied?.commit).toBe(good);
  await given.mends(platform, source);
  await repository.git('checkout', '--quiet', /next/.test(given.spec ?? '') ? 'next' : 'main');
  const next = await platform.commit({ 'app/a.yaml': configMap('a', '2') });
  await platform.applied('app', next);
});

/** A hand edit of the object is put back: the stack works on from its last good revision. */
async function healed(platform: Platform, value: string): Promise<void> {
  const { cluster, namespace } = platform;
  await cluster.edit({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace }, { data: { value: 'hand' } });
  await until('the hand edit is put back', async () =>
    (await platform.configMap('a'))?.data?.['value'] === value ? true : undefined,
  );
}

test.each([
  {
    name: 'a force-pushed branch',
    rewrite: async ({ git: { repository } }: Platform) => {
      await repository.commit({ 'app/a.yaml': configMap('a', '2') });
      await repository.git('reset', '--quiet', '--hard', 'HEAD~2');
    },
  },
  {
    name: 'a history that was rewritten from its first commit on',
    rewrite: async ({ git: { repository } }: Platform) => {
      await repository.git('checkout', '--quiet', '--orphan', 'other');
      await repository.commit({}, 'Another beginning');
      await repository.git('branch', '--force', 'main', 'other');
      await repository.git('checkout', '--quiet', 'main');
      await repository.git('reflog', 'expire', '--all', '--expire=now');
      await repository.git('gc', '--quiet', '--prune=now');
    },
  },
])('$name is followed, and nothing that is still wanted is touched', async ({ rewrite }) => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'app/b.yaml': configMap('b') });
  const source = new TestSource(platform);
  await platform.stack('app');
  await platform.applied('app', await platform.commit({ 'app/a.yaml': configMap('a', '3') }));
  const uid = (await platform.configMap('b'))?.metadata.uid;
  await rewrite(platform);
  const next = await platform.commit({ 'app/a.yaml': configMap('a', '4') });
  await platform.applied('app', next);
  expect((await source.at(next)).status?.artifact?.revision).toBe(`main@sha1:${next}`);
  expect((await platform.configMap('a'))?.data).toEqual({ value: '4' });
  expect((await platform.configMap('b'))?.metadata.uid).toBe(uid);
});

test('Git that answers 503 for a while: drift is still put back, and what was pushed meanwhile comes by itself', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  const source = new TestSource(platform);
  await platform.stack('app');
  await platform.ready('app');
  const { server, repository } = platform.git;
  server.failWith = 503;
  const pushed = await repository.commit({ 'app/a.yaml': configMap('a', '2') });
  await platform.reconcile();
  expect(await source.fails('GitUnreachable')).toMatch(
    /the server answered with an error of its own.*503.*tried again/,
  );
  const asked = server.requests;
  await until('it is tried again by itself', () => Promise.resolve(server.requests > asked ? true : undefined));
  await healed(platform, '1');
  server.failWith = undefined;
  await platform.applied('app', pushed);
  await healed(platform, '2');
});

const folders = (): Promise<string[]> => readdir(join(operator.folder, 'data', 'git', 'revisions'));

const says = (platform: Platform, stack: string, reason: string): Promise<string> =>
  until(`stack ${stack} says ${reason}`, async () => {
    const condition = ready(await platform.get(stack));
    return condition?.reason === reason ? condition.message : undefined;
  });

test('a deleted source is taken down, and one made anew by its name shows nothing of the old one', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  const source = new TestSource(platform);
  await platform.stack('app');
  await platform.ready('app');
  const before = await folders();
  await source.delete();
  await says(platform, 'app', 'SourceNotFound');
  await until('its folders are gone', async () => ((await folders()).length < before.length ? true : undefined));
  expect(await platform.configMap('a')).toBeDefined();
  await source.write(main, 'http://127.0.0.1:1/x.git');
  await source.fails('GitUnreachable');
  expect((await source.get())?.status?.artifact).toBeUndefined();
  await platform.stack('late', 'path: app');
  expect(await says(platform, 'late', 'SourceNotReady')).toContain('has no revision yet');
  await source.write(main);
  await platform.ready('app');
});
