import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { cut, cutLimits, digestOfBytes } from './chunks.ts';

const resource = (index: number): string => `{"urn":"urn:pulumi:dev::shop::t::c${index}","data":"${'x'.repeat(2000)}"}`;
const state = (indexes: readonly number[]): Buffer => Buffer.from(`{"resources":[${indexes.map(resource).join(',')}]}`);
const upTo = (count: number): number[] => [...Array(count).keys()];

test.each([
  ['nothing', Buffer.alloc(0)],
  ['a small state', state(upTo(3))],
  ['a large state', state(upTo(5000))],
  ['bytes without a resource', randomBytes(3 * cutLimits.most + 17)],
  ['one resource that is larger than a piece', Buffer.from(resource(1).repeat(1500).replaceAll('{"urn"', '{"name"'))],
])('%s is whole when its pieces are put together, and no piece is too large for a Secret', (_, bytes) => {
  const pieces = cut(bytes);
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(cutLimits.most);
});

describe('of a state of 5,000 resources', () => {
  const before = new Set(cut(state(upTo(5000))).map(digestOfBytes));

  test.each([
    ['one more at the end', [...upTo(5000), 5000], 1],
    ['one less at the beginning', upTo(5000).slice(1), 1],
    ['one more in the middle', [...upTo(2500), 9999, ...upTo(5000).slice(2500)], 2],
  ])('%s changes few pieces', (_, indexes, most) => {
    const fresh = cut(state(indexes)).filter((piece) => !before.has(digestOfBytes(piece)));
    expect(before.size).toBeGreaterThan(10);
    expect(fresh.length).toBeGreaterThan(0);
    expect(fresh.length).toBeLessThanOrEqual(most);
  });
});
