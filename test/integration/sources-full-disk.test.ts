/** The disk of the operator's data is full when a commit is to be fetched or exported: that is told, nothing half is left, and it goes on. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitSourceSpec } from '#api';
import { createLog, Failure, systemClock } from '#runtime';
import { RevisionStore, type Fetched } from '#source';
import {
  configMap,
  Platform,
  plumblineWith,
  ready,
  SmallDisk,
  startRepository,
  startTestOperator,
  TestSource,
  until,
  type TestRepository,
} from '#testing';

const key = 'shop/platform';
const log = createLog({ level: 'error', clock: systemClock });
let disk: SmallDisk;
let folder: string;
let git: TestRepository;

beforeAll(async () => {
  disk = await SmallDisk.mount(16);
});
afterAll(async () => disk[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = mkdtempSync(join(disk.folder, 'store-'));
  git = await startRepository();
});
afterEach(async () => {
  await git[Symbol.asyncDispose]();
  await disk.free();
  await rm(folder, { recursive: true });
});

/** As after a restart: its memory is new. */
const newStore = (): RevisionStore => new RevisionStore({ folder, clock: systemClock, log });

const specOf = (url: string, more: Partial<GitSourceSpec> = {}): GitSourceSpec => ({
  url,
  ...{ interval: '1m', timeout: '5m', submodules: false, suspend: false },
  ...more,
});

const fetch = (store: RevisionStore, spec: Partial<GitSourceSpec> = {}): Promise<Fetched> =>
  store.fetchRevision({ key, spec: specOf(git.url, spec) });

const sentence =
  /^http:\S+: the disk is full, so the commit could not be fetched or exported(, found [^;]+)?; give the operator's data folder more room; it is fetched again by itself, and the last good revision stays in use$/;
const told = { reason: 'DiskFull', retry: 'backoff', message: expect.stringMatching(sentence) as unknown };

const files = (text: string): Record<string, string> => ({
  '.gitattributes': '* text eol=crlf\n',
  'app/a.yaml': `a: ${text}\n`,
  notes: randomBytes(6000).toString('base64'),
});

/** The export holds the files, to the byte, and no other. */
function expectWhole({ revision }: Fetched, expected: Readonly<Record<string, string>>): void {
  const names = readdirSync(revision.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const found = names.map((name) => [name.slice(revision.folder.length + 1), readFileSync(name, 'utf8')]);
  expect(Object.fromEntries(found)).toEqual(expected);
}

/** Packs, exports, locks and credentials of a run that is over. */
const halves = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(^|\/)(tmp_|\.new-|home-|room)|\.(tmp|new|lock)$/.test(name),
  );

/** Whether the fetch found no room, which is told and leaves nothing half. */
async function findsNoRoom(store: RevisionStore, spec: Partial<GitSourceSpec> = {}): Promise<boolean> {
  const [done] = await Promise.allSettled([fetch(store, spec)]);
  expect(halves()).toEqual([]);
  if (done.status === 'fulfilled') return false;
  expect(done.reason).toBeInstanceOf(Failure);
  expect(done.reason).toMatchObject(told);
  return true;
}

/** However often it is tried, the disk does not fill. The first try may have made what the next ones need. */
async function triesInVain(store: RevisionStore, spec: Partial<GitSourceSpec> = {}): Promise<void> {
  expect(await findsNoRoom(store, spec)).toBe(true);
  const used = disk.used();
  expect(await findsNoRoom(store, spec)).toBe(true);
  expect(disk.used()).toBe(used);
}

/** KiB. By blocks of 4 each point at which a fetch writes is met; the fewer here meet another one each time something changes. */
const step = 12;

test('a first fetch is whole or not there, however little room it finds, and goes on when there is more', async () => {
  const committed = files('1');
  await git.repository.commit(committed);
  let room = 0;
  for (let full = true; full; room += step) {
    await rm(folder, { recursive: true });
    disk.fill(room);
    const store = newStore();
    full = await findsNoRoom(store);
    if (full && room % (4 * step) === 0) await triesInVain(store);
    await disk.free();
    expectWhole(await fetch(store), committed);
  }
  expect(room).toBeGreaterThan(40);
}, 600_000);

test('the last good revision stays in use, however little room the next ones find, and after a restart too', async () => {
  const before = files('1');
  const commit = await git.repository.commit(before);
  const store = newStore();
  const good = await fetch(store);
  let [room, after] = [0, before];
  for (let full = true; full; room += step) {
    disk.fill(room);
    for (const text of ['2', '3']) {
      after = files(text);
      await git.repository.commit(after);
      full = full && (await findsNoRoom(store));
    }
    if (full) {
      expectWhole(good, before);
      expect((await newStore().restore({ key, commit }))?.revision.folder).toBe(good.revision.folder);
      // Beside the good one there is at most one that could not become the current one.
      const [shelf = ''] = readdirSync(join(folder, 'revisions'));
      const names = readdirSync(join(folder, 'revisions', shelf)).filter((name) => /^[0-9a-f]+$/.test(name));
      expect(names.length).toBeLessThanOrEqual(2);
    }
    await disk.free();
  }
  expect(room).toBeGreaterThan(20);
  expectWhole(await fetch(store), after);
}, 600_000);

const megabyte = 'one line of very many\n'.repeat(50_000);

test.each([[{}], [{ sparsePaths: ['app'] }]])(
  'half an export, of %j, is never taken for a whole one',
  async (spec) => {
    const store = newStore();
    await git.repository.commit({ 'app/0': '' });
    await fetch(store, spec);
    const committed = Object.fromEntries(['0', '1', '2', '3'].map((name) => [`app/${name}`, `${name} ${megabyte}`]));
    await git.repository.commit(committed);
    disk.fill(2200);
    await triesInVain(store, spec);
    await disk.free();
    expectWhole(await fetch(store, spec), committed);
  },
  300_000,
);

test('a submodule for which there is no room is fetched once there is', async () => {
  await using module = await startRepository();
  const commit = await module.repository.commit({ heavy: randomBytes(500_000).toString('base64') });
  const { repository } = git;
  await repository.commit({ '.gitmodules': `[submodule "module"]\n\tpath = module\n\turl = ${module.url}\n` });
  await repository.git('update-index', '--add', '--cacheinfo', `160000,${commit},module`);
  await repository.git('commit', '--quiet', '-m', 'module');
  disk.fill(200);
  const store = newStore();
  const spec = { submodules: true };
  await expect(fetch(store, spec)).rejects.toMatchObject({
    reason: 'DiskFull',
    message: expect.stringMatching(/^submodule module http:\S+: the disk is full, so the commit could not/) as unknown,
  });
  expect(halves()).toEqual([]);
  await disk.free();
  expect(readdirSync(join((await fetch(store, spec)).revision.folder, 'module'))).toEqual(['heavy']);
}, 300_000);

test('what a mirror holds beside the newest commit makes room for the next', async () => {
  const store = newStore();
  const spec = { ignore: 'heavy' };
  const commit = (size: number): Promise<string> =>
    git.repository.commit({ heavy: randomBytes(size).toString('base64') });
  for (let count = 0; count < 4; count += 1) {
    await commit(300_000);
    await fetch(store, spec);
  }
  disk.fill(200);
  const newest = await commit(400_000);
  expect((await fetch(store, spec)).revision.commit).toBe(newest);
}, 300_000);

test('a mirror that there is no room to tidy makes way, and the revision is served', async () => {
  const store = newStore();
  await git.repository.commit({ heavy: randomBytes(150_000).toString('base64') });
  const spec = { ignore: 'heavy' };
  await fetch(store, spec);
  const [mirror = ''] = readdirSync(join(folder, 'mirrors'));
  const packs = join(folder, 'mirrors', mirror, 'objects', 'pack');
  const [pack = ''] = readdirSync(packs).filter((name) => name.endsWith('.pack'));
  for (let count = 100; count < 155; count += 1) {
    for (const end of ['pack', 'idx']) {
      const name = pack.replace('.pack', `.${end}`);
      await cp(join(packs, name), join(packs, name.replace(/(?<=-).../, String(count))));
    }
  }
  const newest = await git.repository.commit({ a: '1' });
  disk.fill(100);
  expect((await fetch(store, spec)).revision.commit).toBe(newest);
  expect(readdirSync(join(folder, 'mirrors'))).toEqual([]);
  expect(halves()).toEqual([]);
  await disk.free();
  const next = await git.repository.commit({ a: '2' });
  expect((await fetch(store, spec)).revision.commit).toBe(next);
}, 600_000);

test('credentials for which there is no room are not left in part', async () => {
  const store = newStore();
  await git.repository.commit({ a: '1' });
  await fetch(store);
  disk.fill();
  const spec = specOf('ssh://git@127.0.0.1:1/x.git');
  const credentials = { identity: 'a key', knownHosts: 'a host' };
  await expect(store.fetchRevision({ key, spec, credentials })).rejects.toMatchObject({
    reason: 'DiskFull',
    message: expect.stringMatching(/^ssh:\S+: the disk is full/) as unknown,
  });
  expect(halves()).toEqual([]);
});

test('source and waiting stack say so, the last good revision serves on, also after a restart, and with room all goes on', async () => {
  await using operator = await startTestOperator('--data-folder', folder);
  disk.fill();
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'late/b.yaml': configMap('b') });
  const source = new TestSource(platform);
  await platform.stack('app');
  expect(await source.fails('DiskFull')).toMatch(sentence);
  const waits = await until('the stack says what it waits for', async () => {
    const { reason, message = '' } = ready(await platform.get('app')) ?? {};
    return reason === 'SourceNotReady' && message.includes('the disk is full') ? message : undefined;
  });
  expect(waits).toMatch(/^GitSource \S+ has no revision yet: http:\S+: the disk is full, so the commit could not/);
  await disk.free();
  await platform.ready('app');
  disk.fill();
  const commit = await platform.commit({ 'app/a.yaml': configMap('a', '2') });
  expect(await source.fails('DiskFull')).toMatch(sentence);
  expect((await source.get())?.status?.artifact?.subject).toBe('Start');
  await operator.kill();
  await operator.start();
  await platform.stack('late');
  await platform.ready('late');
  await platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'b', namespace: platform.namespace },
    { data: { value: 'by hand' } },
  );
  await until('the hand edit is put back', async () =>
    (await platform.configMap('b'))?.data?.['value'] === '1' ? true : undefined,
  );
  expect(await operator.log()).toContain('the disk is full, so what was applied could not be kept on it');
  await disk.free();
  await platform.applied('app', commit, 300_000);
}, 600_000);

test('`plumbline diff` at a desk says where it needs room', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  const { namespace, git } = platform;
  const args = ['diff', 'app', '--path', git.repository.folder, '-n', namespace];
  for (const room of [0, 40]) {
    disk.fill(room);
    const { code, out, error } = await plumblineWith({ TMPDIR: folder }, ...args);
    expect(code).not.toBe(0);
    expect(out + error).toContain(`the disk is full, so the commit could not be fetched or exported`);
    expect(out + error).toContain(`make room in ${folder}, or set TMPDIR to a folder that has some`);
    expect(readdirSync(folder)).toEqual([]);
    await disk.free();
  }
}, 300_000);
