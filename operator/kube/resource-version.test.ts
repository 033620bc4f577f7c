import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isNewer } from './resource-version.ts';

const version = fc.bigInt({ min: 1n, max: 2n ** 64n });

test('versions that are numbers are ordered as numbers, however long', () => {
  fc.assert(fc.property(version, version, (a, b) => expect(isNewer(`${a}`, `${b}`)).toBe(a > b)));
});

test.each<[string, string, boolean]>([
  ['etcd-a', 'etcd-b', true],
  ['etcd-b', 'etcd-a', true],
  ['etcd-a', 'etcd-a', false],
  ['010', '9', true],
  ['', '', false],
])('without an order what comes later is newer, unless it is the same: %j after %j', (a, b, newer) => {
  expect(isNewer(a, b)).toBe(newer);
});
