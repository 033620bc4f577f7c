/** Which tag a range takes, and what a question to the remote looks like. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compare, satisfies } from 'semver';
import { choose, newestTag, parseAnswer, questionOf } from './ref.ts';

const version = fc.tuple(fc.nat(4), fc.nat(12), fc.nat(12)).map((parts) => parts.join('.'));
const tag = fc.oneof(
  version,
  version.map((text) => `v${text}`),
  version.map((text) => `${text}-rc.1`),
  fc.constantFrom('latest', 'nightly-7', 'v1'),
);
const range = fc.oneof(
  fc.constantFrom('*', '>=1.2', '^2', '~3.1'),
  version.map((text) => `^${text}`),
  version.map((text) => `<${text}`),
);

test('the newest tag of a range is in it, and no other tag in it is newer', () => {
  fc.assert(
    fc.property(fc.uniqueArray(tag, { maxLength: 30 }), range, (tags, wanted) => {
      const inRange = tags.filter((name) => satisfies(name, wanted));
      const newest = newestTag(tags, wanted);
      if (newest === undefined) return expect(inRange).toEqual([]);
      expect(tags).toContain(newest);
      expect(satisfies(newest, wanted)).toBe(true);
      for (const other of inRange) expect(compare(newest, other)).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('the order in which the remote lists its tags does not matter', () => {
  fc.assert(
    fc.property(fc.uniqueArray(tag, { maxLength: 20 }), range, (tags, wanted) => {
      expect(newestTag(tags.toReversed(), wanted)).toBe(newestTag(tags, wanted));
    }),
  );
});

test.each([
  ['pre-releases stay out of a plain range', ['1.0.0', '1.1.0-rc.1'], '^1.0.0', '1.0.0'],
  ['and come in when the range names one', ['1.0.0', '1.1.0-rc.1'], '>=1.1.0-0', '1.1.0-rc.1'],
  ['numbers are numbers', ['v1.9.0', 'v1.10.0'], '1.x', 'v1.10.0'],
  ['of two spellings, the one with v', ['1.0.0', 'v1.0.0'], '*', 'v1.0.0'],
])('%s', (_, tags, wanted, expected) => {
  expect(newestTag(tags, wanted)).toBe(expected);
});

test('nothing of a spec is taken for an option or a pattern', () => {
  for (const branch of ['-x', 'a b', 'a*', 'a..b', 'a:b', '/a', 'a/', 'a.lock', '.a', 'a@{1}', 'a\\b', '']) {
    expect(() => questionOf({ branch }, 'file:///x')).toThrow('the ref cannot be used');
    expect(() => questionOf({ tag: branch }, 'file:///x')).toThrow('the ref cannot be used');
  }
  expect(() => questionOf({ name: 'main' }, 'file:///x')).toThrow('expected a full ref');
  expect(() => questionOf({ commit: 'abc' }, 'file:///x')).toThrow('a full commit id');
});

test('HEAD is known by the branch that it points at', () => {
  const id = 'a'.repeat(40);
  expect(choose({}, parseAnswer(`ref: refs/heads/trunk\tHEAD\n${id}\tHEAD\n`))).toEqual({
    ref: 'refs/heads/trunk',
    name: 'trunk',
    commit: id,
  });
  expect(choose({}, parseAnswer(`${id}\tHEAD\n`))).toEqual({ ref: 'HEAD', name: 'HEAD', commit: id });
});

test('a branch of the same name further down is another branch', () => {
  const id = 'a'.repeat(40);
  expect(choose({ branch: 'main' }, parseAnswer(`${id}\trefs/heads/refs/heads/main\n`))).toBeUndefined();
});
