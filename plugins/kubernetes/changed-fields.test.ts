import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { changedProperties, isEqual } from './changed-fields.ts';
import { isList, isMap, unknown, type Value, type ValueMap } from './property.ts';
import { writePath, type PropertyPath } from './property-path.ts';

const names = (before: ValueMap, after: ValueMap): string[] =>
  changedProperties(before, after).map(({ path, before: from, after: to }) => {
    const sign = from === undefined ? '+' : to === undefined ? '-' : '~';
    return `${sign}${writePath(path)}`;
  });

test.each<[string, ValueMap, ValueMap, readonly string[]]>([
  ['a value', { a: { b: 1 } }, { a: { b: 2 } }, ['~a.b']],
  ['a key that comes', { a: {} }, { a: { 'x.y/z': 'v' } }, ['+a["x.y/z"]']],
  ['a key that goes', { a: { b: 1 } }, { a: {} }, ['-a.b']],
  ['null, which is nothing', { a: null }, { b: null }, []],
  ['a value set to null', { a: 1 }, { a: null }, ['-a']],
  ['items of a list by place', { a: [1, { b: 1 }] }, { a: [1, { b: 2 }, 3] }, ['~a[1].b', '+a[2]']],
  ['a list that shrinks', { a: [1, 2] }, { a: [1] }, ['-a[1]']],
  ['what is not known yet', { a: 1, c: 1 }, { a: unknown, b: unknown, c: 1 }, ['~a', '+b']],
  ['a text that looks like the number', { port: 80 }, { port: '80' }, ['~port']],
  ['a list in the place of a map', { a: {} }, { a: [] }, ['~a']],
])('names %s', (_what, before, after, expected) => {
  expect(names(before, after)).toEqual(expected);
});

const leaf = fc.constantFrom<Value>('a', 'b', 0, 1, true, false, null);
const { map } = fc.letrec<{ value: Value; map: ValueMap }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(
      tie('value').filter((item) => item !== null),
      { maxLength: 3 },
    ),
    tie('map'),
  ),
  map: fc.dictionary(fc.constantFrom('a', 'b', 'c.d'), tie('value'), { maxKeys: 3 }),
}));

test('an object equals itself, and its changes are none', () => {
  fc.assert(fc.property(map, (object) => expect(changedProperties(object, structuredClone(object))).toEqual([])));
});

test('there and back, the same places come and go', () => {
  const turned = { '+': '-', '-': '+', '~': '~' } as const;
  fc.assert(
    fc.property(map, map, (one, other) => {
      const back = names(other, one).map((name) => `${turned[name.charAt(0) as '+']}${name.slice(1)}`);
      expect(names(one, other).sort()).toEqual(back.sort());
    }),
  );
});

test('the changes, made to the one, give the other', () => {
  fc.assert(
    fc.property(map, map, (one, other) => {
      const changed = changedProperties(one, other)
        .toReversed() // Items beyond the end go from the end.
        .reduce<Value>((object, { path, after }) => withChange(object, path, after), one);
      expect(isEqual(changed, other)).toBe(true);
    }),
  );
});

function withChange(target: Value, [step, ...rest]: PropertyPath, value: Value | undefined): Value {
  if (step === undefined) return value ?? null;
  if (isList(target)) {
    const items = [...target];
    items[Number(step)] = withChange(items[Number(step)] ?? null, rest, value);
    if (rest.length === 0 && value === undefined) return items.filter((_, index) => index !== step);
    return Array.from(items, (item) => item ?? null);
  }
  if (!isMap(target)) throw new Error('a change below a value that holds nothing');
  return { ...target, [step]: withChange(target[step] ?? null, rest, value) };
}
