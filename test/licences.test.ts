/** Everything that is shipped or needed to run may be handed on under Apache-2.0. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** Licences that an Apache-2.0 work may depend on and carry along. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PSF-2.0',
  'Python-2.0',
  'Unlicense',
]);

/** Read by hand: what the package calls by another name, or data that is passed on unchanged. */
const read: Readonly<Record<string, string>> = {
  '@logdna/tail-file@2.2.0': 'MIT in its file LICENSE',
  'spdx-exceptions@2.5.0': 'CC-BY-3.0: a list of names, unchanged',
};

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly license?: string;
}

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};
const production = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** `A OR B` needs one that is allowed, `A AND B` both. */
function isAllowed(expression: string): boolean {
  const plain = expression.replace(/[()]/g, '');
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((name) => allowed.has(name.trim())));
}

test('no production dependency has a licence that is not on the list', () => {
  expect(production.length).toBeGreaterThan(20);
  const wrong = production.filter(
    ([path, { version, license = 'none stated' }]) =>
      !isAllowed(license) && read[`${nameOf(path)}@${version}`] === undefined,
  );
  expect(wrong.map(([path, { version, license }]) => `${path}@${version}: ${license}`)).toEqual([]);
});

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['MIT AND GPL-3.0-only', false],
  ['AGPL-3.0-only', false],
  ['UNLICENSED', false],
])('%s: %s', (expression, expected) => {
  expect(isAllowed(expression)).toBe(expected);
});
