import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { versionOf } from './package-manager.ts';

test('the version of npm is what it prints', async () => {
  const printed = execFileSync('npm', ['--version'], { encoding: 'utf8' }).trim();
  expect(await versionOf('npm', process.env['PATH'])).toBe(printed);
});

test('a manager that is a package is not started; one that is none is asked; one that is not there has no version', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-managers-'));
  const [bin, yarn] = [join(folder, 'bin'), join(folder, 'lib', 'yarn')];
  await Promise.all([bin, yarn].map((each) => mkdir(each, { recursive: true })));
  await writeFile(join(yarn, 'package.json'), '{ "name": "yarn", "version": "4.12.0" }');
  await writeFile(join(yarn, 'yarn.js'), '#!/bin/sh\nexit 1\n');
  await writeFile(join(bin, 'bun'), '#!/bin/sh\necho 1.3.0\n');
  await Promise.all([join(yarn, 'yarn.js'), join(bin, 'bun')].map((file) => chmod(file, 0o755)));
  await symlink(join(yarn, 'yarn.js'), join(bin, 'yarn'));
  expect(await Promise.all(['yarn', 'bun', 'pnpm'].map((name) => versionOf(name, bin)))).toEqual([
    '4.12.0',
    '1.3.0',
    undefined,
  ]);
  await rm(folder, { recursive: true });
});
