import { expect, test } from '@jest/globals';
import { matchesLabels } from './label-selector.ts';

const labels = { app: 'web', 'plumbline.dev/stack': 'shop' };

test.each([
  [undefined, true],
  ['', true],
  ['app', true],
  ['plumbline.dev/stack', true],
  ['tier', false],
  ['!tier', true],
  ['!app', false],
  ['app=web', true],
  ['app==web', true],
  ['app=db', false],
  ['app!=db', true],
  ['app!=web', false],
  ['tier!=web', true],
  ['app, plumbline.dev/stack=shop', true],
  ['app,tier', false],
  ['app in (db, cache)', true],
])('selector %s matches: %s', (selector, expected) => {
  expect(matchesLabels(selector, labels)).toBe(expected);
});
