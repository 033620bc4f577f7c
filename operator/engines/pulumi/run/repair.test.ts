import { expect, test } from '@jest/globals';
import { doubted, repaired, tellOf, unfinishedIn, type StoredResource } from './repair.ts';

const urn = (name: string): string => `urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::${name}`;
const stored = (name: string, id?: string): StoredResource => ({
  urn: urn(name),
  type: 'kubernetes:core/v1:ConfigMap',
  inputs: { name },
  ...(id === undefined ? {} : { id }),
});
const creating = (name: string): { type: string; resource: StoredResource } => ({
  type: 'creating',
  resource: stored(name),
});

const doubt = { refreshBeforeUpdate: true };
const object = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns' } });

test('what was made becomes a resource that is looked at again; what was not made is forgotten', () => {
  const { deployment, stale } = repaired(
    { resources: [stored('a', 'ns/a')], pending_operations: [creating('b'), creating('c')] },
    [
      { urn: urn('b'), outcome: 'adopted', id: 'ns/b' },
      { urn: urn('c'), outcome: 'absent', id: '' },
    ],
  );
  expect(deployment).toEqual({
    resources: [stored('a', 'ns/a'), { ...stored('b', 'ns/b'), outputs: { name: 'b' }, ...doubt }],
  });
  expect(stale).toEqual([urn('b')]);
});

test('a replacement takes the place of what has its id, and the one that it replaces is to be deleted', () => {
  const { deployment } = repaired(
    { resources: [stored('a', 'ns/old'), stored('a', 'ns/new')], pending_operations: [creating('a')] },
    [{ urn: urn('a'), outcome: 'adopted', id: 'ns/new' }],
  );
  expect(deployment.resources).toEqual([
    { ...stored('a', 'ns/old'), delete: true },
    { ...stored('a', 'ns/new'), outputs: { name: 'a' }, ...doubt },
  ]);
});

test('what was being changed or deleted is looked at again, when the state still has it', () => {
  const pending = [
    { type: 'updating', resource: stored('a', 'ns/a') },
    { type: 'deleting', resource: stored('gone', 'ns/gone') },
  ];
  const { deployment, stale } = repaired({ resources: [stored('a', 'ns/a')], pending_operations: pending }, []);
  expect(deployment).toEqual({ resources: [{ ...stored('a', 'ns/a'), ...doubt }] });
  expect(stale).toEqual([urn('a')]);
});

test('looked for is what was being made, and what is to be replaced, by its identity alone', () => {
  const data = { password: 'hunter2' };
  const replaced = { ...stored('a', 'ns/a'), inputs: { ...object('a'), data }, pendingReplacement: true };
  const making = { ...creating('b').resource, inputs: { ...object('b'), data } };
  const unfinished = unfinishedIn({
    resources: [replaced, stored('b', 'ns/old'), stored('c', 'ns/c')],
    pending_operations: [{ type: 'creating', resource: making }],
  });
  expect(unfinished).toEqual([
    { urn: urn('b'), inputs: object('b'), ids: ['ns/old'] },
    { urn: urn('a'), inputs: object('a'), ids: ['ns/a'] },
  ]);
});

test.each([
  ['is there', 'adopted', { ...stored('a', 'ns/a'), ...doubt }],
  ['is not there', 'absent', { ...stored('a', 'ns/a'), pendingReplacement: true }],
] as const)('a replacement of the same name that %s', (_, outcome, expected) => {
  const deployment = { resources: [{ ...stored('a', 'ns/a'), pendingReplacement: true }] };
  const findings = [{ urn: urn('a'), outcome, id: outcome === 'adopted' ? 'ns/a' : '' }];
  expect(repaired(deployment, findings)).toEqual({
    deployment: { resources: [expected] },
    stale: outcome === 'adopted' ? [urn('a')] : [],
  });
});

test('what is to be deleted or made anew is in no doubt', () => {
  const resources = [{ ...stored('a', 'ns/old'), delete: true }, stored('a', 'ns/new'), stored('b', 'ns/b')];
  expect(doubted({ resources }, [urn('a')]).resources).toEqual([
    resources[0],
    { ...stored('a', 'ns/new'), ...doubt },
    stored('b', 'ns/b'),
  ]);
});

test.each([
  ['adopted', 'it is there, and was taken into the state'],
  ['absent', 'it is made anew'],
  ['unknown', 'nobody knows what became of it; it is made anew'],
] as const)('a resource that is %s is told of', (outcome, told) => {
  expect(tellOf(creating('a'), [{ urn: urn('a'), outcome, id: '' }])).toBe(
    `the run before was cut off while making kubernetes:core/v1:ConfigMap a: ${told}`,
  );
});
