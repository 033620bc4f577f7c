import { expect, test } from '@jest/globals';
import { canonical } from './canonical.ts';
import type { ValueMap } from './property.ts';

const secret = (fields: ValueMap): ValueMap => ({ apiVersion: 'v1', kind: 'Secret', ...fields });

test.each<[string, ValueMap, ValueMap]>([
  ['stringData is data', secret({ stringData: { a: 'hi' } }), secret({ data: { a: 'aGk=' } })],
  [
    'and wins over it',
    secret({ data: { a: 'eA==', b: 'eQ==' }, stringData: { a: 'hi' } }),
    secret({ data: { a: 'aGk=', b: 'eQ==' } }),
  ],
  [
    'line ends in base64 go',
    secret({ data: { a: 'e\nA==\r\n\n' }, stringData: { b: 'hi' } }),
    secret({ data: { a: 'eA==', b: 'aGk=' } }),
  ],
  ['data stays', secret({ data: { a: 'eA==' } }), secret({ data: { a: 'eA==' } })],
  [
    'so does another kind',
    { apiVersion: 'v1', kind: 'ConfigMap', stringData: { a: 'hi' } },
    { apiVersion: 'v1', kind: 'ConfigMap', stringData: { a: 'hi' } },
  ],
])('%s', (_what, inputs, expected) => {
  expect(canonical(inputs)).toEqual(expected);
});
