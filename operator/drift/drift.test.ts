import { describe, expect, test } from '@jest/globals';
import type { ObjectKey } from '#kube';
import type { Observed } from '#apply';
import { findDrift } from './find.ts';
import { adoptIgnored, ignoreRules, isIgnored } from './ignore.ts';

const key = 'ConfigMap/shop/a' as ObjectKey;
const live = (seen: string, deleting = false): Observed => ({
  uid: 'u',
  resourceVersion: '1',
  seen,
  stack: 'ns/s',
  deleting,
  keepWhenPruned: false,
  health: { status: 'current', message: '' },
});

describe('an owned object', () => {
  const cases = [
    { name: 'as it was applied has not drifted', seen: 's', live: live('s'), knows: true, drift: [] },
    { name: 'whose managed fields changed has drifted', seen: 's', live: live('t'), knows: true, drift: ['changed'] },
    { name: 'that is gone has drifted', seen: 's', live: undefined, knows: true, drift: ['deleted'] },
    { name: 'of a kind that is not listed yet is not judged', seen: 's', live: undefined, knows: false, drift: [] },
    { name: 'whose apply is in hand is not judged', seen: '', live: live('t'), knows: true, drift: [] },
    { name: 'that is being deleted is not judged', seen: 's', live: live('t', true), knows: true, drift: [] },
    {
      name: 'that goes by itself may be gone',
      seen: 's',
      live: undefined,
      knows: true,
      expires: true as const,
      drift: [],
    },
    {
      name: 'that goes by itself is as it was',
      seen: 's',
      live: live('t'),
      knows: true,
      expires: true as const,
      drift: ['changed'],
    },
  ];
  test.each(cases)('$name', ({ seen, live: found, knows, expires, drift }) => {
    const entry = { key, desired: seen, seen, commit: 'c' };
    const inventory = new Map([[key, expires ? { ...entry, expires } : entry]]);
    const drifted = findDrift(inventory, { get: () => found, knows: () => knows });
    expect(drifted.map(({ kind }) => kind)).toEqual(drift);
  });
});

describe('spec.drift.ignore', () => {
  const rules = ignoreRules([
    { target: { kind: 'Deployment', group: 'apps' }, pointers: ['/spec/replicas', '/metadata/annotations/a~1b'] },
  ]);

  test('matches by every part of the target that is given', () => {
    expect(rules[0]?.matches('Deployment.apps/shop/web' as ObjectKey)).toBe(true);
    expect(rules[0]?.matches('Deployment.other/shop/web' as ObjectKey)).toBe(false);
  });

  test('covers the pointer and what is below it', () => {
    expect(
      ['/spec/replicas', '/spec/replicas/x', '/spec/replicasOther'].map((pointer) => isIgnored(pointer, rules)),
    ).toEqual([true, true, false]);
  });

  test('sends the live value of an ignored field, or none when there is none', () => {
    const wanted = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', annotations: { 'a/b': 'git' } },
      spec: { replicas: 2, paused: true },
    };
    const found = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 7 } };
    expect(adoptIgnored(wanted, found, rules)).toMatchObject({
      spec: { replicas: 7, paused: true },
      metadata: { annotations: {} },
    });
    expect(wanted.spec.replicas).toBe(2);
  });
});
