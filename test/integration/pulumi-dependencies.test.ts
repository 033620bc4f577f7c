/** Packages of programs: installed once from the lockfile by the real npm, shared, bounded, and never half there. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createDependencies, type Dependencies } from '#dependencies';
import { systemClock as clock } from '#runtime';
import { SmallDisk } from '#testing';

const run = promisify(execFile);
const environment = { PATH: process.env['PATH'] ?? '' };
const { signal } = new AbortController();
let folder: string;
let dependencies: Dependencies;
/** A repository with a lockfile, made by npm: one package as a file, one that is a folder of it, one with an install script. */
let repository: string;

const manifest = (name: string, more: object = {}): string => JSON.stringify({ name, version: '1.0.0', ...more });

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
}

const open = (maxBytes = 1e9): Promise<Dependencies> =>
  createDependencies({ folder: join(folder, 'cache'), clock, maxBytes, shipped: undefined, environment });

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'plumbline-dependencies-')));
  repository = join(folder, 'repository');
  const scripts = { install: 'echo yes > ran' };
  await write(join(folder, 'paint'), {
    'package.json': manifest('paint', { scripts }),
    'index.js': `exports.red = 1;`,
  });
  await mkdir(repository);
  await run('npm', ['pack', '--pack-destination', repository], { cwd: join(folder, 'paint') });
  await write(repository, {
    'package.json': manifest('shop', { dependencies: { paint: 'file:paint-1.0.0.tgz', lib: 'file:lib' } }),
    'lib/package.json': manifest('lib', { main: 'index.js' }),
    'lib/index.js': `exports.here = __dirname;`,
    'stacks/shop/index.js': '',
    '.npmrc': 'git=./evil.sh\nscript-shell=./evil.sh\n',
  });
  await run('npm', ['install', '--package-lock-only', '--offline'], { cwd: repository });
  dependencies = await open();
});
afterAll(async () => {
  await dependencies[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A copy of the repository for one run, changed. */
async function tree(name: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const copy = join(folder, name);
  await cp(repository, copy, { recursive: true });
  await write(copy, files);
  return copy;
}

const lockfile = (): Promise<string> => readFile(join(repository, 'package-lock.json'), 'utf8');
const entries = (): Promise<string[]> => readdir(join(folder, 'cache', 'modules')).catch(() => []);
const provide = (copy: string, allowScripts = false): ReturnType<Dependencies['provide']> =>
  dependencies.provide({ path: 'stacks/shop', allowScripts }, copy, { signal });

test('two runs at once install once; each finds the shared packages, and its own copy of folders of the repository', async () => {
  const copies = [await tree('one'), await tree('two')];
  const all = await Promise.all(copies.map((copy) => provide(copy)));
  expect(await entries()).toHaveLength(1);
  for (const copy of copies) {
    const program = createRequire(join(copy, 'stacks', 'shop', 'index.js'));
    expect(program('paint')).toEqual({ red: 1 });
    expect(program.resolve('paint')).toMatch(`${folder}/cache/modules/`);
    expect(program('lib')).toEqual({ here: join(copy, 'lib') });
  }
  expect(all[0]?.reads).toEqual([join(folder, 'cache', 'modules', (await entries())[0] ?? '')]);
  for (const one of all) await one[Symbol.asyncDispose]();
});

test('install scripts run only where they are allowed, and a program of the repository never does', async () => {
  const allowed = await tree('scripts');
  await using _modules = await provide(allowed, true);
  expect(await entries()).toHaveLength(2);
  const ran = (await entries()).map((key) =>
    existsSync(join(folder, 'cache', 'modules', key, 'node_modules', 'paint', 'ran')),
  );
  expect(ran.sort()).toEqual([false, true]);
});

test.each([
  {
    what: 'no lockfile',
    files: () => ({ 'stacks/shop/package.json': manifest('own') }),
    reason: 'LockfileMissing',
    message:
      /^stacks\/shop\/package\.json: there is no lockfile beside it, .*run `npm install` and commit package-lock\.json$/,
  },
  {
    what: 'a package that is not what the lockfile says',
    files: async () => ({ 'package-lock.json': (await lockfile()).replaceAll(/sha512-\w{9}/g, 'sha512-AAAAAAAAA') }),
    reason: 'DependenciesFailed',
    message: /^\.: npm could not install the packages of the program: .*; run the same at a desk/,
  },
  {
    what: 'a lockfile of a tool that is not there',
    files: () => ({
      'stacks/shop/package.json': manifest('own'),
      'stacks/shop/pnpm-lock.yaml': 'lockfileVersion: 9.0\n',
    }),
    reason: 'ToolUnavailable',
    message: /pnpm/,
  },
])('$what gets a sentence, and leaves nothing', async ({ what, files, reason, message }) => {
  const before = await entries();
  const failed: unknown = await provide(await tree(what.replaceAll(' ', '-'), await files())).catch(
    (error: unknown) => error,
  );
  expect(failed).toMatchObject({ reason });
  expect(String(failed)).toMatch(
    message.source.startsWith('^') ? new RegExp(`Failure: ${message.source.slice(1)}`) : message,
  );
  expect(await entries()).toEqual(before);
  expect(await readdir(join(folder, 'cache', 'staging')).catch(() => [])).toEqual([]);
});

test('what was not used for longest goes when there is no room, never what is in use; what was cut off is removed', async () => {
  await dependencies[Symbol.asyncDispose]();
  await write(join(folder, 'cache', 'staging', 'half'), { file: 'x' });
  dependencies = await open(1);
  expect(existsSync(join(folder, 'cache', 'staging'))).toBe(false);
  await using _used = await provide(await tree('used'));
  await using _new = await provide(await tree('new', { '.npmrc': 'registry=https://registry.example/\n' }));
  // Of the three, the one with scripts is used by nobody.
  expect(await entries()).toHaveLength(2);
});

test('a disk without room for the packages is named as such, and nothing is left on it', async () => {
  await write(join(folder, 'heavy'), { 'package.json': manifest('heavy') });
  await writeFile(join(folder, 'heavy', 'weight'), randomBytes(4 * 1024 * 1024));
  const copy = await tree('heavy-program');
  await run('npm', ['pack', '--pack-destination', copy], { cwd: join(folder, 'heavy') });
  await writeFile(join(copy, 'package.json'), manifest('shop', { dependencies: { heavy: 'file:heavy-1.0.0.tgz' } }));
  await run('npm', ['install', '--package-lock-only', '--offline'], { cwd: copy });
  await using disk = await SmallDisk.mount(8);
  const cache = join(disk.folder, 'cache');
  await using small = await createDependencies({
    folder: cache,
    clock,
    maxBytes: 1e9,
    shipped: undefined,
    environment,
  });
  const failed = small.provide({ path: 'stacks/shop', allowScripts: false }, copy, { signal });
  await expect(failed).rejects.toMatchObject({
    reason: 'DiskFull',
    message: expect.stringMatching(/^\.: the disk is full, so the packages of the program could not be/) as unknown,
  });
  expect(await readdir(join(cache, 'modules')).catch(() => [])).toEqual([]);
  expect(await readdir(join(cache, 'staging')).catch(() => [])).toEqual([]);
});
