/** A stack that is not there yet is begun without asking the command, unless the backend is of the kind that knows no projects. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beginStack, standingOf } from './standing.ts';

let folder: string;
let url: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-standing-'));
  url = `${pathToFileURL(folder).href}?metadata=skip`;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each(['dev', 'organization/shop/dev'])('stack %s is there once it is begun, in order and empty', async (stack) => {
  expect(await standingOf(url, 'shop', stack)).toMatchObject({ exists: false });
  expect(await beginStack(url, 'shop', stack)).toBe(true);
  expect(await standingOf(url, 'shop', 'dev')).toEqual({ exists: true, pending: false, providers: [] });
});

test('beside stacks without a project nothing is written', async () => {
  await mkdir(join(folder, '.pulumi', 'stacks'), { recursive: true });
  await writeFile(join(folder, '.pulumi', 'stacks', 'old.json'), '{}');
  expect(await beginStack(url, 'shop', 'dev')).toBe(false);
  expect(await standingOf(url, 'shop', 'dev')).toMatchObject({ exists: false });
});
