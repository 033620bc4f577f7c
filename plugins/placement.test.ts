/** Plugins are placed where the command line looks, and official ones that are there stay. */
import { lstat, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { tools } from '#toolchain';
import { isPlacedIn, launcherOf, placePlugins, placeProvider, versions } from './index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-placement-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const provider = (version: string): string =>
  join(folder, `resource-kubernetes-v${version}`, 'pulumi-resource-kubernetes');

test('both are placed in the versions that this repository depends on', async () => {
  expect(await isPlacedIn(folder)).toBe(false);
  await placePlugins(folder);
  expect(await isPlacedIn(folder)).toBe(true);
  expect(await realpath(provider(versions.kubernetes))).toBe(launcherOf('kubernetes'));
});

test('each version that is asked for gets its place, with v or without', async () => {
  await placePlugins(folder, ['4.1.0', 'v3.30.2']);
  expect(await realpath(provider('4.1.0'))).toBe(launcherOf('kubernetes'));
  expect(await realpath(provider('3.30.2'))).toBe(launcherOf('kubernetes'));
});

test('an official plugin stays; a link to a checkout that is gone is made anew', async () => {
  await mkdir(join(folder, 'resource-kubernetes-v4.1.0'));
  await writeFile(provider('4.1.0'), 'official');
  await mkdir(join(folder, 'resource-kubernetes-v4.2.0'));
  await symlink('/nowhere/pulumi-resource-kubernetes', provider('4.2.0'));
  await Promise.all(['4.1.0', '4.2.0', '4.2.0'].map((version) => placeProvider(folder, version)));
  expect(await readFile(provider('4.1.0'), 'utf8')).toBe('official');
  expect((await lstat(provider('4.2.0'))).isSymbolicLink()).toBe(true);
  expect(await realpath(provider('4.2.0'))).toBe(launcherOf('kubernetes'));
});

test('the command line of the toolchain is of the version of @pulumi/pulumi', () => {
  expect(tools.pulumi.version).toBe(versions.pulumi);
});
