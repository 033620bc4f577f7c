/** Secrets never come into the status, nor what is too much for it; nothing that has a name of a Secret's key is lost. */
import { expect, test } from '@jest/globals';
import { sortOutputs } from './outputs.ts';

const plain = (value: unknown) => ({ value, secret: false });

test('texts are shown as they are, everything else as JSON', () => {
  const outputs = { url: plain('https://shop'), replicas: plain(3), on: plain(false), none: plain(null) };
  const found = sortOutputs({
    ...outputs,
    ports: plain([80, 443]),
    labels: plain({ app: 'shop' }),
    gone: plain(undefined),
  });
  expect(found).toEqual({
    shown: {
      url: 'https://shop',
      replicas: '3',
      on: 'false',
      none: 'null',
      ports: '[80,443]',
      labels: '{"app":"shop"}',
      gone: '',
    },
    kept: {},
  });
});

test('secrets are kept, and left out where no Secret could hold the name', () => {
  const outputs = { key: { value: 'sesame', secret: true }, 'a key': { value: 'sesame', secret: true } };
  expect(sortOutputs(outputs)).toEqual({ shown: {}, kept: { key: 'sesame' } });
});

test('the status holds 1,024 characters an output, counted as people do', () => {
  const fits = '\u{1F6D2}'.repeat(1024);
  expect(sortOutputs({ fits: plain(fits), long: plain(`${fits}x`) })).toEqual({
    shown: { fits },
    kept: { long: `${fits}x` },
  });
});

test('of many outputs a hundred are shown, and the others kept', () => {
  const names = [...Array(130).keys()].map((index) => `o${index}`);
  const { shown, kept } = sortOutputs(Object.fromEntries(names.map((name) => [name, plain(name)])));
  expect(Object.keys(shown)).toEqual(names.slice(0, 100));
  expect(Object.keys(kept)).toEqual(names.slice(100));
});
