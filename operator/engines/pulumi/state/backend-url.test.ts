import { expect, test } from '@jest/globals';
import { assertBackend, passwordsIn, withoutPassword } from './backend-url.ts';

test.each([
  [
    's3://states?region=us-east-1&endpoint=http://store:9000',
    's3://states?region=us-east-1&endpoint=http://store:9000',
  ],
  ['postgres://ada@host/states', 'postgres://ada@host/states'],
  ['postgres://ada:open@host:5432/states?sslmode=disable', 'postgres://ada:***@host:5432/states?sslmode=disable'],
  ['postgres://ada:op@en/7@host/states', 'postgres://ada:***@host/states'],
  ['postgres://host/states?user=ada&password=open', 'postgres://host/states?user=ada&password=***'],
])('%s is shown as %s', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown);
});

test('a password is known in the writings in which the engine may tell it', () => {
  expect(passwordsIn('s3://states')).toEqual([]);
  expect(passwordsIn('postgres://ada:op%40en@host/states')).toEqual(['op%40en', 'op@en']);
  expect(passwordsIn('postgres://ada:sesame@open@host/states')).toEqual(['sesame@open', 'sesame', 'open']);
});

test.each(['postgres://ada:se%zz@host/states', 'postgres://ada:se/same@host:5432/states'])(
  '%s, which the engine would take for Pulumi Cloud, is refused, and its password not told',
  (url) => {
    const sentence =
      /^shop: the backend is no URL, found postgres:\/\/ada:\*\*\*@host\S*; write @, \/ and % of a name or password as %40, %2F and %25$/;
    expect(() => assertBackend('shop', url)).toThrow(sentence);
  },
);
