import { expect, test } from '@jest/globals';
import { generatedFiles } from './generate.ts';
import { toCrd } from './kind.ts';
import { kinds } from './kinds.ts';
import { boolean, integer, list, map, object, oneOf, optional, text, type ReadOf, type WrittenOf } from './schema.ts';
import { celRules, toCrdSchema, toEditorSchema } from './structural-schema.ts';
import { validate } from './validate.ts';

const rule = { rule: 'self != ""', message: 'must say something', holds: (value: string) => value !== '' };

const cases = [
  {
    name: 'a text with bounds, pattern, default and rule',
    node: text('A.', { min: 1, max: 9, pattern: '^a', default: 'a', rules: [rule] }).node,
    schema: {
      ...{ type: 'string', description: 'A.', minLength: 1, maxLength: 9, pattern: '^a', default: 'a' },
      'x-kubernetes-validations': [{ rule: 'self != ""', message: 'must say something' }],
    },
  },
  {
    name: 'a closed set of words',
    node: oneOf('B.', ['x', 'y']).node,
    schema: { type: 'string', description: 'B.', maxLength: 64, enum: ['x', 'y'] },
  },
  {
    name: 'a whole number',
    node: integer('C.', { min: 0, max: 3, default: 0 }).node,
    schema: { type: 'integer', description: 'C.', format: 'int32', minimum: 0, maximum: 3, default: 0 },
  },
  {
    name: 'a boolean that is false by default',
    node: boolean('D.', { default: false }).node,
    schema: { type: 'boolean', description: 'D.', default: false },
  },
  {
    name: 'a list that is replaced as a whole',
    node: list('E.', boolean('F.'), { max: 2 }).node,
    schema: {
      ...{ type: 'array', description: 'E.', maxItems: 2, items: { type: 'boolean', description: 'F.' } },
      'x-kubernetes-list-type': 'atomic',
    },
  },
  {
    name: 'a list whose items have a key',
    node: list('E.', object('F.', { id: integer('G.', { min: 0, max: 1 }) }), { max: 2, keys: ['id'] }).node,
    schema: expect.objectContaining({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'] }),
  },
  {
    name: 'a map',
    node: map('H.', boolean('I.'), { max: 4 }).node,
    schema: {
      ...{ type: 'object', description: 'H.', maxProperties: 4 },
      additionalProperties: { type: 'boolean', description: 'I.' },
    },
  },
  {
    name: 'an object that asks only for what has no default',
    node: object('J.', { a: boolean('K.'), b: boolean('L.', { default: true }), c: optional(boolean('M.')) }).node,
    schema: expect.objectContaining({ required: ['a'] }),
  },
  {
    name: 'an object that is there by default',
    node: object('N.', { a: boolean('O.', { default: true }) }, { hasDefault: true }).node,
    schema: expect.objectContaining({ default: {} }),
  },
];

test.each(cases)('$name becomes a structural schema', ({ node, schema }) => {
  expect(toCrdSchema(node)).toEqual(schema);
});

test('the types follow the presence of each field', () => {
  const shape = object('P.', {
    must: text('Q.', { max: 9 }),
    preset: integer('R.', { min: 0, max: 9, default: 1 }),
    may: optional(boolean('S.')),
    inner: object('T.', { preset: boolean('U.', { default: true }) }, { hasDefault: true }),
  });
  const written: WrittenOf<typeof shape> = { must: 'a', inner: {} };
  const read: ReadOf<typeof shape> = { must: 'a', preset: 1, inner: { preset: true } };
  // @ts-expect-error a required field must be written
  const withoutMust: WrittenOf<typeof shape> = {};
  // @ts-expect-error a field with a default is always served
  const withoutPreset: ReadOf<typeof shape> = { must: 'a', inner: { preset: true } };
  expect([written, read, withoutMust, withoutPreset].map((value) => validate(shape, value).length)).toEqual([
    0, 0, 1, 0,
  ]);
});

test('an editor is told that unknown fields are wrong, and nothing of Kubernetes', () => {
  for (const { spec } of kinds) {
    const schema = toEditorSchema(spec.node);
    expect(schema).toHaveProperty('additionalProperties', false);
    expect(JSON.stringify(schema)).not.toContain('x-kubernetes');
  }
});

test('what a rule checks offline is not sent to the API server', () => {
  expect(celRules([rule])).toEqual([{ rule: 'self != ""', message: 'must say something' }]);
});

test.each(kinds)('$kind can be listed with `kubectl get plumbline`', (kind) => {
  expect(toCrd(kind)).toHaveProperty('spec.names.categories', ['plumbline']);
});

test('generation gives the same files each time', () => {
  expect([...generatedFiles()]).toEqual([...generatedFiles()]);
});
