/** Fetching from real repositories over file://. */
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog, systemClock } from '#runtime';
import { RevisionStore, type Fetched, type RevisionStoreOptions } from './revision-store.ts';
import { specOf, TestRepository } from './testing-repository.ts';

const key = 'shop/platform';
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
  store.fetchRevision({ key, spec: specOf(repository.url, more) });

const read = ({ revision }: Fetched, path: string): string => readFileSync(join(revision.folder, path), 'utf8');

test('a first fetch exports the commit of the default branch and says who made it', async () => {
  const commit = repository.commit(
    { 'app/deployment.yaml': 'kind: Deployment\n', 'README.md': 'hello' },
    'first words',
  );
  const fetched = await fetch(storeIn());
  expect(fetched.revision).toMatchObject({
    name: `main@sha1:${commit}`,
    commit,
    author: 'Ada <ada@example.com>',
    subject: 'first words',
  });
  expect(fetched.revision.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(fetched.tree).toBe(repository.git('rev-parse', 'HEAD^{tree}'));
  expect(fetched.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(read(fetched, 'app/deployment.yaml')).toBe('kind: Deployment\n');
  expect(readdirSync(fetched.revision.folder).sort()).toEqual(['README.md', 'app']);
});

test('an unchanged remote costs one ls-remote and returns the same revision', async () => {
  repository.commit({ a: '1' });
  const store = storeIn();
  const first = await fetch(store);
  calls = [];
  expect(await fetch(store)).toBe(first);
  expect(calls.map(([command]) => command)).toEqual(['ls-remote']);
});

test('a pinned commit costs no process once it is there', async () => {
  const commit = repository.commit({ a: '1' });
  repository.commit({ a: '2' });
  const store = storeIn();
  const first = await fetch(store, { ref: { commit } });
  expect(first.revision.name).toBe(`sha1:${commit}`);
  expect(read(first, 'a')).toBe('1');
  calls = [];
  await fetch(store, { ref: { commit } });
  expect(calls).toEqual([]);
});

test('tree ids answer for folders and files, and stay when a commit leaves them as they were', async () => {
  repository.commit({ 'apps/a/x.yaml': '1', 'apps/b/x.yaml': '1' });
  const store = storeIn();
  const { revision: before } = await fetch(store);
  repository.commit({ 'apps/b/x.yaml': '2' });
  const { revision: after } = await fetch(store);
  expect(after.treeOf('apps/a')).toBe(before.treeOf('apps/a'));
  expect(after.treeOf('./apps/b/')).not.toBe(before.treeOf('apps/b'));
  expect(after.treeOf('apps/b')).toBe(repository.git('rev-parse', 'HEAD:apps/b'));
  expect(after.treeOf('apps/b/x.yaml')).toBe(repository.git('rev-parse', 'HEAD:apps/b/x.yaml'));
  expect([after.treeOf('.'), after.treeOf('')]).toEqual(Array(2).fill(repository.git('rev-parse', 'HEAD^{tree}')));
  expect([after.treeOf('apps/c'), after.treeOf('pps/b'), after.treeOf('..')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('a force-push with rewritten history is followed', async () => {
  repository.commit({ a: '1' });
  const store = storeIn();
  await fetch(store);
  repository.git('checkout', '--quiet', '--orphan', 'other');
  const commit = repository.commit({ a: 'rewritten' });
  repository.git('branch', '--force', 'main', 'other');
  const fetched = await fetch(store, { ref: { branch: 'main' } });
  expect(fetched.revision.commit).toBe(commit);
  expect(read(fetched, 'a')).toBe('rewritten');
});

test('a branch that vanished is named, with what is there instead', async () => {
  repository.commit({ a: '1' });
  repository.git('branch', 'next');
  const store = storeIn();
  await fetch(store, { ref: { branch: 'next' } });
  repository.git('branch', '-D', 'next');
  await expect(fetch(store, { ref: { branch: 'next' } })).rejects.toMatchObject({
    reason: 'GitRefNotFound',
    message: `${repository.url}: branch next is not in the repository, found the branches main; push it, or correct spec.ref; the last good revision stays in use`,
  });
});

test.each([
  ['a missing tag', { tag: 'v9' }, 'GitRefNotFound'],
  ['a range without a tag', { semver: '>=9' }, 'GitRefNotFound'],
  ['a missing full ref', { name: 'refs/pull/7/head' }, 'GitRefNotFound'],
  ['a missing commit', { commit: '0123456789012345678901234567890123456789' }, 'GitRefNotFound'],
  ['a branch that is an option', { branch: '--upload-pack=touch' }, 'SourceInvalid'],
  ['a branch that is a refspec', { branch: 'main:refs/heads/x' }, 'SourceInvalid'],
  ['a range that is none', { semver: 'one.two' }, 'SourceInvalid'],
] as const)('%s is a sentence', async (_, ref, reason) => {
  repository.commit({ a: '1' });
  await expect(fetch(storeIn(), { ref })).rejects.toMatchObject({ reason });
});

test('an empty repository is told from a missing ref', async () => {
  await expect(fetch(storeIn())).rejects.toMatchObject({ reason: 'GitRepositoryEmpty' });
  await expect(fetch(storeIn(), { ref: { branch: 'main' } })).rejects.toMatchObject({ reason: 'GitRepositoryEmpty' });
});

test('no repository at the address', async () => {
  const spec = specOf(`${repository.url}-gone`);
  await expect(storeIn().fetchRevision({ key, spec })).rejects.toMatchObject({ reason: 'GitRepositoryNotFound' });
});

test('an annotated tag is peeled, and a range takes the highest version', async () => {
  const first = repository.commit({ a: '1' });
  repository.git('tag', '-a', 'v1.2.0', '-m', 'one');
  repository.commit({ a: '2' });
  repository.git('tag', 'v1.10.0');
  repository.commit({ a: '3' });
  repository.git('tag', 'v2.0.0');
  const store = storeIn();
  expect((await fetch(store, { ref: { tag: 'v1.2.0' } })).revision.name).toBe(`v1.2.0@sha1:${first}`);
  expect((await fetch(store, { ref: { semver: '^1.0' } })).revision.name).toMatch(/^v1\.10\.0@/);
  calls = [];
  await fetch(store, { ref: { semver: '^1.0' } });
  expect(calls).toHaveLength(1);
  expect((await fetch(store, { ref: { name: 'refs/tags/v1.2.0' } })).revision.commit).toBe(first);
});

test('ignore and sparsePaths choose the files, and another choice is another content', async () => {
  repository.commit({ 'app/a.yaml': '1', 'app/notes.md': 'x', 'docs/b.md': '2', 'big/c': '3' });
  const store = storeIn();
  const all = await fetch(store);
  const some = await fetch(store, { ignore: '*.md\n', sparsePaths: ['./app/', 'docs'] });
  expect(readdirSync(some.revision.folder)).toEqual(['app']);
  expect(readdirSync(join(some.revision.folder, 'app'))).toEqual(['a.yaml']);
  expect(some.revision.treeOf('docs')).toBeUndefined();
  expect(some.revision.treeOf('app')).not.toBe(all.revision.treeOf('app'));
  expect(some.revision.treeOf('app')?.length).toBeLessThanOrEqual(64);
  expect(some.digest).not.toBe(all.digest);
  await expect(fetch(store, { sparsePaths: ['../x'] })).rejects.toMatchObject({ reason: 'SourceInvalid' });
});

test('files are exported byte by byte, links as links, whatever attributes say', async () => {
  repository.commit({
    '.gitattributes': '* text eol=crlf ident\n',
    a: '$Id$\nline\n',
    link: '-> ../../../etc/passwd',
    deep: '-> a',
  });
  const fetched = await fetch(storeIn());
  expect(read(fetched, 'a')).toBe('$Id$\nline\n');
  expect(lstatSync(join(fetched.revision.folder, 'link')).isSymbolicLink()).toBe(true);
});

test('a file over the limit is named, and asked for again costs one ls-remote', async () => {
  repository.commit({ 'data/huge.bin': 'x'.repeat(3000), small: 'y' });
  const store = storeIn({ limits: { files: 10, fileSize: 2000, totalSize: 10_000 } });
  const failing = { reason: 'FileTooLarge', message: expect.stringContaining('file data/huge.bin is over the limit') };
  await expect(fetch(store)).rejects.toMatchObject(failing);
  calls = [];
  await expect(fetch(store)).rejects.toMatchObject(failing);
  expect(calls).toHaveLength(1);
  expect((await fetch(store, { ignore: '*.bin' })).revision.treeOf('small')).toBeDefined();
});

test.each([
  ['files', { files: 1, fileSize: 100, totalSize: 100 }, 'at most 1 files'],
  ['bytes in all', { files: 9, fileSize: 100, totalSize: 3 }, 'in all'],
])('too many %s are refused', async (_, limits, words) => {
  repository.commit({ a: '22', b: '22' });
  await expect(fetch(storeIn({ limits }))).rejects.toMatchObject({
    reason: 'FileTooLarge',
    message: expect.stringContaining(words),
  });
});

test('submodules come along when they are asked for', async () => {
  using library = new TestRepository();
  library.commit({ 'lib.yaml': 'lib' });
  repository.commit({ a: '1' });
  repository.git('submodule', '--quiet', 'add', library.url, 'vendor/lib');
  repository.commit({}, 'with submodule');
  const store = storeIn();
  expect(existsSync(join((await fetch(store)).revision.folder, 'vendor/lib/lib.yaml'))).toBe(false);
  const fetched = await fetch(store, { submodules: true });
  expect(read(fetched, 'vendor/lib/lib.yaml')).toBe('lib');
  expect(read(fetched, 'a')).toBe('1');
  expect(fetched.revision.treeOf('vendor/lib/lib.yaml')).toBeDefined();
  expect(existsSync(join(fetched.revision.folder, 'vendor/lib/.git'))).toBe(false);
});

test('after a restart the last revision is there without Git, and the next poll is one ls-remote', async () => {
  const commit = repository.commit({ 'app/a': '1' });
  const before = await fetch(storeIn());
  calls = [];
  const store = storeIn();
  const restored = await store.restore({ key, commit });
  expect(restored).toMatchObject({
    digest: before.digest,
    tree: before.tree,
    revision: { name: before.revision.name, folder: before.revision.folder },
  });
  expect(restored?.revision.treeOf('app')).toBe(before.revision.treeOf('app'));
  expect(calls).toEqual([]);
  expect(await fetch(store)).toBe(restored);
  expect(calls).toHaveLength(1);
  expect(await store.restore({ key, commit: 'f'.repeat(40) })).toBeUndefined();
  expect(await store.restore({ key: 'shop/other', commit })).toBeUndefined();
});

test('a mirror that a crash left broken is made anew', async () => {
  repository.commit({ a: '1' });
  await fetch(storeIn());
  const mirrors = join(folder, 'mirrors');
  const [mirror = ''] = readdirSync(mirrors);
  writeFileSync(join(mirrors, mirror, 'shallow.lock'), '');
  repository.commit({ a: '2' });
  expect(read(await fetch(storeIn({ log: createLog({ level: 'error', clock: systemClock }) })), 'a')).toBe('2');
  rmSync(join(mirrors, mirror, 'objects'), { recursive: true });
  repository.commit({ a: '3' });
  expect(read(await fetch(storeIn()), 'a')).toBe('3');
});

test('an exported folder that somebody removed is exported again', async () => {
  repository.commit({ a: '1' });
  const store = storeIn();
  const { revision } = await fetch(store);
  rmSync(revision.folder, { recursive: true });
  expect(read(await fetch(store), 'a')).toBe('1');
});

test('the newest revisions are kept, and one in use is never removed', async () => {
  const store = storeIn({ keep: 2 });
  repository.commit({ a: '0' });
  const { revision: first } = await fetch(store);
  const held = store.hold(first);
  const folders = [];
  for (const text of ['1', '2', '3']) {
    repository.commit({ a: text });
    folders.push((await fetch(store)).revision.folder);
  }
  expect([first.folder, ...folders].map((path) => existsSync(path))).toEqual([true, false, true, true]);
  held[Symbol.dispose]();
  repository.commit({ a: '4' });
  await fetch(store);
  expect(existsSync(first.folder)).toBe(false);
});

test('another address removes what the old one left, and a forgotten source leaves nothing', async () => {
  using other = new TestRepository();
  repository.commit({ a: '1' });
  other.commit({ a: 'other' });
  const store = storeIn();
  const { revision } = await fetch(store);
  await store.fetchRevision({ key, spec: specOf(other.url) });
  expect(existsSync(revision.folder)).toBe(false);
  expect(readdirSync(join(folder, 'mirrors'))).toHaveLength(1);
  await store.forget(key);
  expect(['mirrors', 'revisions', 'homes'].flatMap((name) => readdirSync(join(folder, name)))).toEqual([]);
});

test('a forgotten source leaves a revision in use until it is let go, unless the source is back by then', async () => {
  repository.commit({ a: '1' });
  const store = storeIn();
  const { revision } = await fetch(store);
  const held = store.hold(revision);
  await store.forget(key);
  expect(existsSync(revision.folder)).toBe(true);
  held[Symbol.dispose]();
  await store.restore({ key, commit: revision.commit });
  expect(readdirSync(join(folder, 'revisions'))).toEqual([]);
  const { revision: again } = await fetch(store);
  const heldAgain = store.hold(again);
  await store.forget(key);
  await fetch(store);
  heldAgain[Symbol.dispose]();
  await store.restore({ key, commit: revision.commit });
  expect(existsSync(again.folder)).toBe(true);
});

test('the operator’s own folder is not a repository for tenants', async () => {
  repository.commit({ a: '1' });
  await fetch(storeIn());
  const [mirror = ''] = readdirSync(join(folder, 'mirrors'));
  const spec = specOf(`file://${folder}/mirrors/${mirror}`);
  await expect(storeIn().fetchRevision({ key: 'evil/x', spec })).rejects.toMatchObject({ reason: 'SourceInvalid' });
});

test('an abort ends the fetch with its own reason', async () => {
  repository.commit({ a: '1' });
  const why = new Error('superseded');
  const signal = AbortSignal.abort(why);
  await expect(storeIn().fetchRevision({ key, spec: specOf(repository.url), signal })).rejects.toBe(why);
});

test('a repository with SHA-256 ids is followed too', async () => {
  using modern = new TestRepository('--object-format=sha256');
  const commit = modern.commit({ 'app/a': '1' });
  const fetched = await storeIn().fetchRevision({ key, spec: specOf(modern.url, { sparsePaths: ['app'] }) });
  expect(fetched.revision.name).toBe(`main@sha256:${commit}`);
  expect(fetched.revision.treeOf('app')).toHaveLength(64);
});

test('what deleted sources left is removed, what others have stays', async () => {
  repository.commit({ a: '1' });
  const { revision } = await fetch(storeIn());
  await storeIn().fetchRevision({ key: 'gone/source', spec: specOf(repository.url) });
  await storeIn().keepOnly([key]);
  expect(readdirSync(join(folder, 'mirrors'))).toHaveLength(1);
  expect(existsSync(revision.folder)).toBe(true);
});
