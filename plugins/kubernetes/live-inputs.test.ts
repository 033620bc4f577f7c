import { expect, test } from '@jest/globals';
import { isStoredAlike } from './live-inputs.ts';
import type { ValueMap } from './property.ts';

const cases: readonly (readonly [string, ValueMap, ValueMap, boolean])[] = [
  ['an empty map', { kind: 'ConfigMap', data: {} }, { kind: 'ConfigMap' }, true],
  ['maps that are empty within', { spec: { template: { labels: {} } } }, {}, true],
  [
    'false, 0, an empty text and an empty list',
    { spec: { a: false, b: 0, c: '', d: [], e: 1 } },
    { spec: { e: 1 } },
    true,
  ],
  ['another value', { data: { a: '1' } }, { data: { a: '2' } }, false],
  ['a value that went', { data: { a: '1' } }, { data: {} }, false],
  ['a value that came', { spec: { paused: false } }, { spec: { paused: true } }, false],
  ['an item that is empty in a list of two', { list: [{}, { a: 1 }] }, { list: [{ a: 1 }] }, false],
];

test.each(cases)('%s: stored alike or not', (_, a, b, alike) => {
  expect(isStoredAlike(a, b)).toBe(alike);
});
