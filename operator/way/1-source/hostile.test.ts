/** Repositories and servers that mean harm: bounded, named in the sentence, and followed again once they mean well. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog, systemClock } from '#runtime';
import { HttpRepository } from './http-repository.ts';
import { gitLimits } from './limits.ts';
import { RevisionStore, type FetchOptions, type Fetched, type RevisionStoreOptions } from './revision-store.ts';
import { specOf, TestRepository } from './testing-repository.ts';

const log = createLog({ level: 'error', clock: systemClock });
let folder: string;
let repository: TestRepository;
let calls: (readonly string[])[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-store-'));
  repository = new TestRepository();
  calls = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  repository[Symbol.dispose]();
});

const storeIn = (options: Partial<RevisionStoreOptions> = {}): RevisionStore =>
  new RevisionStore({ folder, clock: systemClock, log, onGit: (args) => calls.push(args), ...options });

const fetch = (store: RevisionStore, more: Parameters<typeof specOf>[1] = {}): Promise<Fetched> =>
  store.fetchRevision({ key: 'shop/platform', spec: specOf(repository.url, more) });

/** The id of a tree with these `mode type id\tname` lines, which need not be what Git would make itself. */
function tree(lines: readonly string[]): string {
  const input = lines.map((line) => `${line}\n`).join('');
  return execFileSync('git', ['mktree', '--missing'], { cwd: repository.folder, input }).toString().trim();
}

function commitTree(id: string): void {
  const commit = repository.git('commit-tree', '-m', 'hostile', id);
  repository.git('update-ref', 'refs/heads/main', commit);
}

const times = (count: number, line: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => line(n));

async function server(answer: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const listening = createServer(answer);
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      listening.closeAllConnections();
      listening.close();
      await once(listening, 'close');
    },
  };
}

test('a commit of 100,000 files is refused by number, and asked for again costs one ls-remote', async () => {
  repository.commit({ a: '1' });
  const blob = repository.git('rev-parse', 'HEAD:a');
  const thousand = tree(times(1000, (n) => `100644 blob ${blob}\tf${n}`));
  commitTree(tree(times(100, (n) => `040000 tree ${thousand}\td${n}`)));
  const store = storeIn();
  const refused = {
    reason: 'FileTooLarge',
    message: expect.stringContaining('at most 50000 files, found 100000 files'),
  };
  await expect(fetch(store)).rejects.toMatchObject(refused);
  calls = [];
  await expect(fetch(store)).rejects.toMatchObject(refused);
  expect(calls).toHaveLength(1);
  expect((await fetch(store, { sparsePaths: ['d7'] })).revision.treeOf('d7/f1')).toBeDefined();
}, 60_000);

test('a commit of a few objects that unfolds to a hundred million files is cut off, once', async () => {
  repository.commit({ a: '1' });
  let id = repository.git('rev-parse', 'HEAD:a');
  let kind = '100644 blob';
  for (let depth = 0; depth < 8; depth += 1) {
    const [below, type] = [id, kind];
    id = tree(times(10, (n) => `${type} ${below}\t${n}`));
    kind = '040000 tree';
  }
  commitTree(id);
  const store = storeIn();
  const refused = {
    reason: 'FileTooLarge',
    message: expect.stringMatching(/more than Git may hold .* or list \(64 MiB\)/),
  };
  await expect(fetch(store)).rejects.toMatchObject(refused);
  calls = [];
  await expect(fetch(store)).rejects.toMatchObject(refused);
  expect(calls).toHaveLength(1);
}, 60_000);

test('a pack over the limit is refused, leaves nothing on disk, and a smaller commit is followed', async () => {
  const store = storeIn({ gitLimits: { ...gitLimits, packBytes: 2 ** 20 } });
  repository.commit({ a: '1' });
  await fetch(store);
  repository.commit({ huge: randomBytes(3 * 2 ** 20).toString('base64') });
  await expect(fetch(store)).rejects.toMatchObject({
    reason: 'FileTooLarge',
    message: expect.stringContaining('that may be fetched'),
  });
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  expect(left.filter((name) => name.includes('/pack/tmp_'))).toEqual([]);
  repository.git('reset', '--quiet', '--hard', 'HEAD~1');
  repository.commit({ a: '2' });
  expect((await fetch(store)).revision.subject).toBe('change');
}, 60_000);

test('a server that lists refs for ever is cut off by the memory that Git may have', async () => {
  const line = `${'a'.repeat(40)} refs/heads/${'b'.repeat(150)}\n`;
  const packet = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
  const some = packet(line).repeat(1000);
  await using endless = await server((_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    response.write(`${packet('# service=git-upload-pack\n')}0000`);
    const more = (): void => {
      while (!response.destroyed && response.write(some));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  const store = storeIn({ gitLimits: { ...gitLimits, memoryBytes: 64 * 2 ** 20 } });
  await expect(
    store.fetchRevision({ key: 'a/b', spec: specOf(`${endless.url}/x.git`, { timeout: '50s' }) }),
  ).rejects.toMatchObject({
    reason: 'FileTooLarge',
    message: expect.stringContaining('look at what the server sends'),
  });
}, 60_000);

test('a server that points elsewhere gets the credentials of the source alone', async () => {
  const headers: unknown[] = [];
  await using thief = await server((request, response) => {
    headers.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  await using moved = await server((request, response) => {
    response.writeHead(302, { location: `${thief.url}${request.url}` }).end();
  });
  const options: FetchOptions = { key: 'a/b', spec: specOf(`${moved.url}/x.git`) };
  await expect(
    storeIn().fetchRevision({ ...options, credentials: { bearerToken: 'very-secret' } }),
  ).rejects.toMatchObject({
    reason: 'GitRepositoryNotFound',
    message: expect.stringContaining('put the new address into spec.url'),
  });
  expect(headers).toEqual([]);
  // Without credentials there is nothing to lose.
  await expect(storeIn().fetchRevision(options)).rejects.toMatchObject({ reason: 'GitRepositoryNotFound' });
  expect(headers).toEqual([undefined]);
});

test.each([
  ['.git', '100644 blob'],
  ['.GIT', '100644 blob'],
  ['..', '100644 blob'],
])('a file named %s is refused before anything is written', async (name, kind) => {
  repository.commit({ a: '1' });
  commitTree(tree([`${kind} ${repository.git('rev-parse', 'HEAD:a')}\t${name}`]));
  await expect(fetch(storeIn())).rejects.toMatchObject({
    reason: 'GitFailed',
    message: expect.stringContaining('an object that Git itself takes for an attack or a defect'),
  });
  expect(existsSync(join(folder, 'revisions'))).toBe(false);
});

test('attributes, filters and hooks of a commit do nothing', async () => {
  const mark = join(folder, 'mark');
  repository.commit({
    '.gitattributes': 'a filter=evil export-subst\nb export-ignore\n',
    '.gitconfig': `[filter "evil"]\n\tsmudge = touch ${mark}\n`,
    'hooks/post-checkout': `#!/bin/sh\ntouch ${mark}\n`,
    a: '$Format:%H$\n',
    b: 'kept\n',
  });
  const { revision } = await fetch(storeIn());
  expect(readFileSync(join(revision.folder, 'a'), 'utf8')).toBe('$Format:%H$\n');
  expect(readFileSync(join(revision.folder, 'b'), 'utf8')).toBe('kept\n');
  expect(existsSync(mark)).toBe(false);
});

test("the machine's and the account's own configuration of Git is not read", async () => {
  repository.commit({ a: '1' });
  const home = process.env['HOME'];
  writeFileSync(join(folder, '.gitconfig'), '[url "file:///nowhere/"]\n\tinsteadOf = file:///\n');
  process.env['HOME'] = folder;
  process.env['GIT_CONFIG_GLOBAL'] = join(folder, '.gitconfig');
  try {
    expect((await fetch(storeIn())).revision.subject).toBe('change');
  } finally {
    process.env['HOME'] = home;
    delete process.env['GIT_CONFIG_GLOBAL'];
  }
});

test.each([
  ['ext::sh -c touch% /tmp/x', 'the address cannot be used'],
  ['--upload-pack=touch /tmp/x', 'the address cannot be used'],
  ['ssh://-oProxyCommand=id/x', 'must not begin with "-"'],
  ['file:///etc', 'a submodule must not name a file of the operator'],
  ['../../../../etc', ''],
])('a submodule at %s is refused', async (url, words) => {
  repository.commit({ a: '1' });
  const id = repository.git('rev-parse', 'HEAD');
  writeFileSync(
    join(repository.folder, '.gitmodules'),
    `[submodule "x"]\n\tpath = x\n\turl = ${url}\n\tupdate = !id\n`,
  );
  repository.git('update-index', '--add', '--cacheinfo', `160000,${id},x`);
  repository.git('add', '.gitmodules');
  repository.git('commit', '--quiet', '-m', 'hostile');
  await using http = await new HttpRepository(repository.folder).start();
  const spec = specOf(`${http.url}/.git`, { submodules: true });
  // Git itself refuses some of these before we can.
  await expect(storeIn().fetchRevision({ key: 'a/b', spec })).rejects.toMatchObject({
    reason: expect.stringMatching(/^(SourceInvalid|GitFailed|GitRepositoryNotFound)$/),
    message: expect.stringMatching(words === '' ? /./ : new RegExp(`${words}|takes for an attack`)),
  });
});
