import { expect, test } from '@jest/globals';
import type { ObjectKey } from '#kube';
import { ToldDrift } from './told.ts';

const [a, b] = ['ConfigMap/shop/a', 'ConfigMap/shop/b'] as ObjectKey[] as [ObjectKey, ObjectKey];
const drifting = [{ key: a }, { key: b }];

test('an object is compared again when it has changed, and told when that says something else', () => {
  const told = new ToldDrift();
  const versions = new Map([
    [a, '1'],
    [b, '1'],
  ]);
  const changed = (): ObjectKey[] =>
    told.changed('team/shop', drifting, (key) => versions.get(key) ?? '').map(({ key }) => key);
  expect(changed()).toEqual([a, b]);
  expect(drifting.map(({ key }) => told.note('team/shop', key, '1', ['size']))).toEqual([true, true]);
  expect(changed()).toEqual([]);
  versions.set(b, '2');
  expect(changed()).toEqual([b]);
  expect(told.note('team/shop', b, '2', ['size'])).toBe(false);
  expect(told.note('team/shop', b, '3', ['colour'])).toBe(true);
});

test('what drifts no more is forgotten, as is a stack, and told anew', () => {
  const told = new ToldDrift();
  const note = (stack: string): boolean => told.note(stack, a, '1', ['size']);
  expect([note('team/shop'), note('team/till')]).toEqual([true, true]);
  expect(told.changed('team/shop', [], () => '1')).toEqual([]);
  expect([note('team/shop'), note('team/till')]).toEqual([true, false]);
  told.forget('team/till');
  expect(note('team/till')).toBe(true);
});
