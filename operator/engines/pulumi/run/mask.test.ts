import { expect, test } from '@jest/globals';
import { masking } from './mask.ts';

const secret = 'hunter2/"hunter2"';

test.each([
  ['as it is', `the password is ${secret}!`, 'the password is [secret]!'],
  ['as base64', Buffer.from(secret).toString('base64'), '[secret]'],
  ['in JSON', JSON.stringify({ password: secret }), '{"password":"[secret]"}'],
  ['in an address', `https://${encodeURIComponent(secret)}@host`, 'https://[secret]@host'],
])('a secret is masked %s', (_, text, masked) => {
  expect(masking([secret])(text)).toBe(masked);
});

test('everything inside of a value is masked, keys too, and nothing else is changed', () => {
  const value = { a: [secret, 1, null, undefined], [secret]: { b: true } };
  expect(masking([secret])(value)).toEqual({ a: ['[secret]', 1, null, undefined], '[secret]': { b: true } });
});

test('a secret of several lines is masked line by line, and one that holds another as a whole', () => {
  const mask = masking(['first-line-of-key\nsecond-line-of-key', 'first-line']);
  expect(mask('x second-line-of-key y first-line-of-key')).toBe('x [secret] y [secret]');
});

test('what is shorter than four characters cannot be told from other text', () => {
  expect(masking(['abc', ''])('abcd')).toBe('abcd');
});
