import { expect, test } from '@jest/globals';
import { kinds } from './kinds.ts';
import { boolean, integer, list, map, object, optional, text } from './schema.ts';
import { validate, validateObject } from './validate.ts';

const shape = object('A.', {
  name: text('B.', { min: 1, max: 3, pattern: '^[a-z]+$' }),
  count: integer('C.', { min: 1, max: 5, default: 1 }),
  items: optional(list('D.', object('E.', { id: text('F.', { max: 3 }) }), { max: 2, keys: ['id'] })),
  flags: optional(map('G.', boolean('H.'), { max: 1 })),
});

test.each([
  { name: 'only what is required', value: { name: 'a' } },
  { name: 'everything', value: { name: 'abc', count: 5, items: [{ id: 'a' }, { id: 'b' }], flags: { x: true } } },
])('$name is right', ({ value }) => {
  expect(validate(shape, value)).toEqual([]);
});

test.each([
  { value: [], problem: { path: '', expected: 'an object', found: '[]' } },
  { value: {}, problem: { path: 'name', expected: 'a value', found: 'nothing' } },
  { value: { name: null }, problem: { path: 'name', expected: 'a text', found: 'null' } },
  { value: { name: 1 }, problem: { path: 'name', expected: 'a text', found: '1' } },
  { value: { name: '' }, problem: { path: 'name', expected: 'at least 1 characters', found: '0' } },
  { value: { name: '😀😀😀😀' }, problem: { path: 'name', expected: 'at most 3 characters', found: '4' } },
  { value: { name: 'A' }, problem: { path: 'name', expected: 'a text that matches ^[a-z]+$', found: '"A"' } },
  {
    value: { name: 'a', count: 1.5 },
    problem: { path: 'count', expected: 'a whole number from 1 to 5', found: '1.5' },
  },
  {
    value: { name: 'a', count: '2' },
    problem: { path: 'count', expected: 'a whole number from 1 to 5', found: '"2"' },
  },
  { value: { name: 'a', items: {} }, problem: { path: 'items', expected: 'a list', found: '{}' } },
  { value: { name: 'a', items: [{}] }, problem: { path: 'items[0].id', expected: 'a value', found: 'nothing' } },
  { value: { name: 'a', items: [1, 2, 3] }, problem: { path: 'items', expected: 'at most 2 items', found: '3' } },
  {
    value: { name: 'a', items: [{ id: 'x' }, { id: 'x' }] },
    problem: { path: 'items[1]', expected: 'each id only once', found: '"x"' },
  },
  { value: { name: 'a', flags: { x: 1 } }, problem: { path: 'flags.x', expected: 'true or false', found: '1' } },
  {
    value: { name: 'a', counts: 2 },
    problem: { path: 'counts', expected: 'one of the fields name, count, items, flags', found: '"counts"' },
  },
])('$value is wrong at $problem.path', ({ value, problem }) => {
  expect(validate(shape, value)).toEqual([problem]);
});

test('an object without a name and a spec is told both', () => {
  for (const kind of kinds) {
    expect(validateObject(kind, {}).map(({ path }) => path)).toEqual(['metadata.name', 'spec']);
  }
});
