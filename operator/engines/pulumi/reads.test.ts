/** What a program reads decides when it is run again: its folder, what the spec names, its lockfile; and nothing else. */
import { expect, test } from '@jest/globals';
import type { Stack } from '#api';
import type { Revision } from '#values';
import { treeOf } from './reads.ts';

const stack = (path: string, reads?: readonly string[]): Stack =>
  ({ metadata: { name: 'shop' }, spec: { path, pulumi: { reads } } }) as unknown as Stack;

/** A commit with these paths. */
const commit = (trees: Readonly<Record<string, string>>): Revision =>
  ({ treeOf: (path: string) => trees[path] }) as unknown as Revision;

const trees = {
  'deploy/infra': 't1',
  charts: 't2',
  'package-lock.json': 'b1',
  'deploy/package.json': 'b2',
  docs: 't9',
};

test('a program that is not in the commit has no identity', () => {
  expect(treeOf(stack('deploy/other', ['charts']), commit(trees))).toBeUndefined();
});

test('one that reads nothing beside its folder is its folder', () => {
  expect(treeOf(stack('docs'), commit({ docs: 't9', other: 't8' }))).toBe('t9');
});

test.each([
  ['its folder', { ...trees, 'deploy/infra': 'other' }, true],
  ['what the spec names', { ...trees, charts: 'other' }, true],
  ['the lockfile at the root', { ...trees, 'package-lock.json': 'other' }, true],
  ['the package.json of the folder above', { ...trees, 'deploy/package.json': 'other' }, true],
  ['a lockfile that comes', { ...trees, 'yarn.lock': 'new' }, true],
  ['anything else', { ...trees, docs: 'other', 'deploy/README.md': 'new' }, false],
])('a change of %s tells', (_, changed, tells) => {
  const shop = stack('deploy/infra', ['charts']);
  const [before, after] = [treeOf(shop, commit(trees)), treeOf(shop, commit(changed))];
  expect(before !== after).toBe(tells);
  expect(after?.length).toBeLessThanOrEqual(64);
});

test('the same content under another name is another', () => {
  const [one, two] = ['charts', 'config'].map((path) =>
    treeOf(stack('deploy', [path]), commit({ deploy: 't1', [path]: 't2' })),
  );
  expect(one).not.toBe(two);
});

test.each(['./deploy/infra', 'deploy/infra/'])('%s is looked at as deploy/infra is', (path) => {
  const at = { ...trees, [path]: 't1' };
  expect(treeOf(stack(path), commit(at))).toBe(treeOf(stack('deploy/infra'), commit(at)));
});
