/** Diff of releases: what makes an upgrade, what another release, what nothing. */
import { expect, test } from '@jest/globals';
import { asset, secret, type ValueMap } from '../property.ts';
import { masked } from '../packages/tool.ts';
import { diffRelease } from './release-diff.ts';

const inputs: ValueMap = {
  name: 'web',
  namespace: 'shop',
  chart: './web',
  checksum: 'one',
  version: '1.0.0',
  values: { replicas: 1, token: secret('t') },
};
const deployed = { status: { status: 'deployed' } };
const file = (hash: string): ReturnType<typeof asset> => asset({ path: 'values.yaml', sent: { hash } });

const cases: readonly [
  string,
  { olds?: ValueMap; live?: ValueMap; news: ValueMap; ignoreChanges?: string[] },
  string[],
][] = [
  ['nothing', { news: {} }, []],
  ['a value', { news: { values: { replicas: 2, token: secret('t') } } }, ['values.replicas']],
  ['a secret value', { news: { values: { replicas: 1, token: secret('u') } } }, ['values.token']],
  ['the chart of the program', { news: { checksum: 'two' } }, ['checksum']],
  ['a state of the official provider, which has no digest', { olds: { checksum: null }, news: {} }, []],
  ['a hand edit', { live: { values: { replicas: 3, token: 't', more: 1 } }, news: {} }, ['values.replicas']],
  ['what is to be ignored', { news: { version: '2.0.0' }, ignoreChanges: ['version'] }, []],
  [
    'a file of values',
    { olds: { valueYamlFiles: [file('a')] }, news: { valueYamlFiles: [file('b')] } },
    ['valueYamlFiles[0]'],
  ],
  ['the same file', { olds: { valueYamlFiles: [file('a')] }, news: { valueYamlFiles: [file('a')] } }, []],
];

const diff = ({
  olds = {},
  live = {},
  news,
  ignoreChanges = [],
}: (typeof cases)[number][1]): ReturnType<typeof diffRelease> => {
  const known = Object.fromEntries(Object.entries({ ...inputs, ...olds }).filter(([, value]) => value !== null));
  return diffRelease({
    urn: '',
    type: '',
    name: 'web',
    id: 'shop/web',
    oldInputs: known,
    oldOutputs: { ...known, ...deployed, ...live },
    news: { ...inputs, ...news },
    ignoreChanges,
  });
};

test.each(cases)('%s', (_, change, paths) => {
  const { changes, changed } = diff(change);
  expect(changes.map(({ path }) => path)).toEqual(paths);
  expect(changes.some(({ replaces }) => replaces)).toBe(false);
  expect(changed).toBe(false);
});

test.each(['name', 'namespace'])('another %s is another release', (key) => {
  expect(diff({ news: { [key]: 'other' } }).changes).toMatchObject([{ path: key, replaces: true }]);
});

test('a release that is not deployed is tried again', () => {
  expect(diff({ live: { status: { status: 'pending-upgrade' } }, news: {} })).toMatchObject({
    changes: [],
    changed: true,
  });
});

test('messages carry no secret, the longest first', () => {
  expect(masked('token is abcdef, abc', ['abc', 'abcdef', 'is'])).toBe('token is [secret], [secret]');
});
