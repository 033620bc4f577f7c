import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from './backoff.ts';

const limits = { firstMs: 1000, longestMs: 300_000 };
const middle = (): number => 0.5;

test.each([
  [1, 1000],
  [2, 2000],
  [5, 16_000],
  [9, 256_000],
  [10, 300_000],
  [5000, 300_000],
])('attempt %i waits %i ms, give or take', (attempt, expected) => {
  expect(backoffMs(attempt, limits, middle)).toBe(expected);
});

test('the spread is a quarter to each side', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const plain = backoffMs(attempt, limits, middle);
      const spread = backoffMs(attempt, limits, () => random);
      expect(spread).toBeGreaterThanOrEqual(plain * 0.75);
      expect(spread).toBeLessThanOrEqual(plain * 1.25);
    }),
  );
});
