/** What decides when a program is run again: its folder, what the spec names, its lockfile, what the spec asks; nothing else. */
import { expect, test } from '@jest/globals';
import type { Stack } from '#api';
import type { Revision } from '#values';
import { contentOf, treeOf } from './reads.ts';

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

const spec = {
  path: 'docs',
  prune: true,
  suspend: false,
  interval: '10m',
  drift: { mode: 'correct' },
  pulumi: { stack: 'dev', refresh: 'never', parallel: 0, memoryMiB: 512 },
};
const contentBy = (more: object, pulumi: object): string =>
  contentOf(
    {
      metadata: { name: 'shop' },
      spec: { ...spec, ...more, pulumi: { ...spec.pulumi, ...pulumi } },
    } as unknown as Stack,
    commit({ docs: 't9' }),
    'inputs',
  );

test.each([
  ['suspend', { suspend: true }, {}],
  ['interval', { interval: '1h' }, {}],
  ['retryInterval', { retryInterval: '1m' }, {}],
  ['timeout', { timeout: '1h' }, {}],
  ['history', { history: 1 }, {}],
  ['wait', { wait: false }, {}],
  ['healthChecks', { healthChecks: [] }, {}],
  ['dependsOn', { dependsOn: [{ name: 'other' }] }, {}],
  ['drift', { drift: { mode: 'warn' } }, {}],
  ['approval', { approval: { mode: 'manual' } }, {}],
  ['deletionPolicy', { deletionPolicy: 'Orphan' }, {}],
  ['pulumi.refresh', {}, { refresh: 'onDriftSchedule' }],
  ['pulumi.refreshInterval', {}, { refreshInterval: '5m' }],
  ['pulumi.destroyOnDelete', {}, { destroyOnDelete: false }],
  ['pulumi.retryOnConflict', {}, { retryOnConflict: false }],
  ['pulumi.memoryMiB', {}, { memoryMiB: 1024 }],
])('a change of %s runs nothing', (_, more, pulumi) => {
  expect(contentBy(more, pulumi)).toBe(contentBy({}, {}));
});

test.each([
  ['sourceRef', { sourceRef: { name: 'other' } }, {}],
  ['serviceAccountName', { serviceAccountName: 'other' }, {}],
  ['prune', { prune: false }, {}],
  ['pruneLimit', { pruneLimit: 100 }, {}],
  ['allowEmpty', { allowEmpty: true }, {}],
  ['force', { force: true }, {}],
  ['pulumi.stack', {}, { stack: 'prod' }],
  ['pulumi.backend', {}, { backend: 's3://other' }],
  ['pulumi.config', {}, { config: { size: 'large' } }],
  ['pulumi.env', {}, { env: { SIZE: 'large' } }],
  ['pulumi.refresh', {}, { refresh: 'beforeRun' }],
  ['pulumi.expectNoRefreshChanges', {}, { expectNoRefreshChanges: true }],
  ['pulumi.targets', {}, { targets: ['**shop'] }],
  ['pulumi.targetDependents', {}, { targetDependents: true }],
  ['pulumi.replace', {}, { replace: ['**shop'] }],
  ['pulumi.parallel', {}, { parallel: 1 }],
  ['pulumi.continueOnError', {}, { continueOnError: true }],
  ['pulumi.allowScripts', {}, { allowScripts: true }],
])('a change of %s runs the program', (_, more, pulumi) => {
  expect(contentBy(more, pulumi)).not.toBe(contentBy({}, {}));
});

test('what is given runs the program', () => {
  const shop = { metadata: { name: 'shop' }, spec } as unknown as Stack;
  const [one, other] = ['one', 'other'].map((inputs) => contentOf(shop, commit({ docs: 't9' }), inputs));
  expect(one).not.toBe(other);
});
