/** Programs are found in the promised order, and only when they start and say a fitting version. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cachedPath, cacheFolder } from './cache.ts';
import { find } from './find.ts';
import { tools } from './tools.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-find-'));
  await program('assets/etcd', 'etcd Version: 3.6.1');
  await program('path/etcd', 'etcd Version: 3.6.2');
  await program('old/etcd', 'etcd Version: 3.4.0');
  await program('broken/etcd', 'etcd Version: 3.6.3', 1);
  await mkdir(join(folder, 'folder', 'etcd'), { recursive: true });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function program(path: string, says: string, code = 0): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${says}'\nexit ${code}\n`);
  await chmod(file, 0o755);
}

const path = (...names: readonly string[]): string => names.map((name) => join(folder, name)).join(':');

test.each([
  ['KUBEBUILDER_ASSETS before PATH', { assets: 'assets', PATH: ['path'] }, 'KUBEBUILDER_ASSETS', '3.6.1'],
  ['PATH when the assets lack it', { assets: 'nowhere', PATH: ['path'] }, 'PATH', '3.6.2'],
  ['the next on PATH when the first is too old', { PATH: ['old', 'path'] }, 'PATH', '3.6.2'],
  ['the next on PATH when the first does not run', { PATH: ['broken', 'folder', 'path'] }, 'PATH', '3.6.2'],
])('it takes %s', async (_case, { assets, PATH }: { assets?: string; PATH: string[] }, origin, version) => {
  const env = { PATH: path(...PATH), PLUMBLINE_CACHE: join(folder, 'cache') };
  const found = await find(tools.etcd, assets === undefined ? env : { ...env, KUBEBUILDER_ASSETS: path(assets) });
  expect(found).toMatchObject({ origin, version });
});

test('it takes the cache last, and nothing when nothing is there', async () => {
  const env = { PATH: path('old'), PLUMBLINE_CACHE: join(folder, 'cache') };
  expect(await find(tools.etcd, env)).toBeUndefined();
  await program(`cache/tools/etcd-${tools.etcd.version}/etcd`, 'never asked');
  expect(await find(tools.etcd, env)).toMatchObject({ origin: 'cache', version: tools.etcd.version });
});

test('the cache follows PLUMBLINE_CACHE, then XDG_CACHE_HOME', () => {
  expect(cacheFolder({ PLUMBLINE_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/plumbline');
  expect(cachedPath(tools.kwok, '/a')).toBe(`/a/tools/kwok-${tools.kwok.version}/kwok`);
});
