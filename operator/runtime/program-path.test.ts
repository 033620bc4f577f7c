/** A program is found as a shell would find it, and only where it could be started. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { programPath } from './program-path.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-path-'));
  for (const name of ['a', 'b', 'c']) await mkdir(join(folder, name));
  await mkdir(join(folder, 'a', 'tool'));
  await writeFile(join(folder, 'b', 'tool'), '');
  await writeFile(join(folder, 'c', 'tool'), '');
  await chmod(join(folder, 'c', 'tool'), 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('folders and files that cannot be executed are passed by', () => {
  const path = ['a', 'none', 'c', 'b'].map((name) => join(folder, name)).join(delimiter);
  expect(programPath('tool', path)).toBe(join(folder, 'c', 'tool'));
});

test('what is nowhere, or only relative to somewhere, is not found', () => {
  expect(programPath('tool', join(folder, 'none'))).toBeUndefined();
  expect(programPath('tool', '')).toBeUndefined();
  expect(programPath('tool', undefined)).toBeUndefined();
  expect(programPath('package.json', '.')).toBeUndefined();
});
