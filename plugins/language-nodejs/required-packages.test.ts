/** The providers of a program are found in node_modules, at every depth, and nowhere else. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { requiredPackages, requirement } from './required-packages.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-packages-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function manifest(path: string, content: object): Promise<void> {
  const file = join(folder, path, 'package.json');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(content));
}

test('each provider is found once a version, also below other packages and behind links that form a circle', async () => {
  const kubernetes = { name: '@pulumi/kubernetes', version: '4.34.2', pulumi: { resource: true } };
  await manifest('program/node_modules/@pulumi/kubernetes', kubernetes);
  await manifest('program/node_modules/left-pad', { name: 'left-pad', version: '1.0.0', keywords: ['pulumi'] });
  await manifest('program/node_modules/component', { name: 'component', version: '1.0.0' });
  await manifest('program/node_modules/component/node_modules/@pulumi/kubernetes', { ...kubernetes, version: '4.1.0' });
  await manifest('program/node_modules/other/node_modules/@pulumi/kubernetes', kubernetes);
  await manifest('program/node_modules/other', { name: 'other' });
  await manifest('program/node_modules/.cache/x', { ...kubernetes, version: '1.0.0' });
  await manifest('program/app', { ...kubernetes, version: '2.0.0' });
  await manifest('linked', { name: 'linked', version: '1.0.0', pulumi: { resource: true, name: 'linked' } });
  await symlink(join(folder, 'linked'), join(folder, 'program/node_modules/linked'));
  await mkdir(join(folder, 'linked/node_modules'));
  await symlink(join(folder, 'linked'), join(folder, 'linked/node_modules/linked'));
  const found = await requiredPackages(join(folder, 'program'));
  expect(found.map(({ name, version }) => `${name} ${version}`).sort()).toEqual([
    'kubernetes v4.1.0',
    'kubernetes v4.34.2',
    'linked v1.0.0',
  ]);
});

test('a program without packages needs none', async () => {
  expect(await requiredPackages(join(folder, 'nowhere'))).toEqual([]);
});

test('a manifest that is not JSON is named', async () => {
  await mkdir(join(folder, 'broken/node_modules/cut'), { recursive: true });
  await writeFile(join(folder, 'broken/node_modules/cut/package.json'), '{"pulumi": ');
  await expect(requiredPackages(join(folder, 'broken'))).rejects.toThrow(
    'node_modules/cut/package.json is not JSON; run `pulumi install` again',
  );
});

test('what package.json says under pulumi goes before the name and version of the package', () => {
  const parameterization = { name: 'net', version: '2.0.0', value: 'e30=' };
  const pulumi = { resource: true, name: 'cloud', version: 'v9.9.9', server: 'https://example.com', parameterization };
  expect(requirement({ name: '@acme/pulumi-cloud', version: '1.0.0', pulumi })).toEqual({
    name: 'cloud',
    version: 'v9.9.9',
    server: 'https://example.com',
    parameterization,
  });
});

test.each([
  [{ name: '@acme/cloud', version: '1.0.0', pulumi: { resource: true } }, 'no pulumi.name'],
  [{ name: '@pulumi/cloud', pulumi: { resource: true } }, 'no version'],
])('%j does not say which provider it means', (given, message) => {
  expect(() => requirement(given)).toThrow(message);
});
