/** Remotes as they are in use: polled without news, endless, and with submodules. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GitRepository } from '#toolchain';
import {
  configMap,
  Platform,
  startRepository,
  startTestOperator,
  TestSource,
  until,
  type TestOperator,
} from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const main = 'ref: {branch: main}';
const start = (): Promise<Platform> => Platform.create({ 'app/a.yaml': configMap('a') });

test('a poll without news writes no status and asks the API server nothing', async () => {
  await using platform = await start();
  const source = new TestSource(platform);
  const { server, repository } = platform.git;
  await source.write(`${main}, interval: 300ms`);
  const before = await source.at(await repository.git('rev-parse', 'HEAD'));
  const asked = async (): Promise<string[]> =>
    (await operator.requests()).filter((request) => request.includes(platform.namespace));
  const polls = async (times: number): Promise<void> => {
    const from = server.requests;
    await until(`${times} polls`, () => Promise.resolve(server.requests - from >= times || undefined));
  };
  // The Event of the first fetch goes out on its own.
  await polls(3);
  const requests = await asked();
  await polls(8);
  expect((await asked()).slice(requests.length)).toEqual([]);
  expect((await source.get())?.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
});

/** Takes every request; says a bit more for ever, when it says anything. */
async function endless(
  speaks: boolean,
): Promise<AsyncDisposable & { readonly url: string; readonly open: () => number }> {
  let open = 0;
  const server = createServer((_, response) => {
    open += 1;
    response.once('close', () => (open -= 1));
    if (!speaks) return;
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    response.write('001e# service=git-upload-pack\n0000');
    const line = `003d${'a'.repeat(40)} refs/heads/${'b'.repeat(4)}\n`;
    const ticking = setInterval(() => response.write(line), 50);
    response.once('close', () => clearInterval(ticking));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`,
    open: () => open,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test.each([
  { name: 'never answers', speaks: false },
  { name: 'never comes to an end', speaks: true },
])('a server that $name is hung up on after spec.timeout, and the last good revision stays', async ({ speaks }) => {
  await using platform = await start();
  await using server = await endless(speaks);
  const source = new TestSource(platform);
  const commit = await platform.git.repository.git('rev-parse', 'HEAD');
  await source.at(commit);
  await source.write(`${main}, timeout: 1s`, server.url);
  expect(await source.fails('GitUnreachable')).toMatch(
    /x\.git: no answer within 1 s; look at the server and the network policy, or raise spec\.timeout/,
  );
  expect((await source.get())?.status?.artifact?.commit).toBe(commit);
  await source.write(main);
  await source.at(commit);
  await until('the connections are closed', () => Promise.resolve(server.open() === 0 || undefined));
});

/** Commits a submodule at app/lib, at the address that is given for its repository. */
async function addModule({ git: { repository } }: Platform, library: GitRepository, url: string): Promise<string> {
  const local = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet'];
  await repository.git(...local, 'add', '--', library.folder, 'app/lib');
  await repository.git('config', '--file', '.gitmodules', 'submodule.app/lib.url', url);
  return repository.commit({}, 'With a submodule');
}

test.each([
  { name: 'anybody', credentials: undefined },
  { name: 'who has the credentials of the source', credentials: { username: 'ada', password: 'some-word' } },
])('a submodule beside the source, readable for $name, is applied with it when it is asked for', async (given) => {
  await using platform = await start();
  const source = new TestSource(platform);
  const { server, repository } = platform.git;
  const library = await new GitRepository(join(dirname(repository.folder), 'library')).init();
  await library.commit({ 'lib.yaml': configMap('lib') });
  const commit = await addModule(platform, library, '../../library/.git');
  const secretRef = given.credentials === undefined ? '' : ', secretRef: {name: git}';
  if (given.credentials !== undefined) await source.secret('git', given.credentials);
  server.credentials = given.credentials;
  await source.write(`${main}${secretRef}, submodules: false`);
  await platform.reconcile();
  const without = (await source.at(commit)).status?.artifact;
  await platform.stack('app');
  await platform.applied('app', commit);
  expect(await platform.configMap('lib')).toBeUndefined();
  await source.write(`${main}${secretRef}, submodules: true`);
  await until('the submodule is applied', () => platform.configMap('lib'));
  const { artifact } = (await source.at(commit)).status ?? {};
  expect(artifact?.digest).not.toBe(without?.digest);
});

test('a submodule on another server is not shown the credentials, and is named when it is refused', async () => {
  await using platform = await start();
  await using other = await startRepository();
  const source = new TestSource(platform);
  const credentials = { username: 'ada', password: 'some-word' };
  await other.repository.commit({ 'lib.yaml': configMap('lib') });
  const commit = await addModule(platform, other.repository, other.url);
  await source.secret('git', credentials);
  platform.git.server.credentials = other.server.credentials = credentials;
  await source.write(`${main}, secretRef: {name: git}, submodules: true`);
  expect(await source.fails('GitAuthFailed')).toContain(
    `submodule app/lib ${other.url}: the server refused the credentials, or asks for some`,
  );
  other.server.credentials = undefined;
  await source.at(commit);
});
