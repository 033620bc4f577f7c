import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shardOf, shardsFor } from './inventory.ts';

test('shards only grow, by doubling, and hold a thousand entries each on average', () => {
  expect([shardsFor(0, 0), shardsFor(1000, 1), shardsFor(1001, 1), shardsFor(10_000, 1), shardsFor(5, 16)]).toEqual([
    1, 1, 2, 16, 16,
  ]);
});

test('a key always falls into the same shard, inside the count', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (key, count) => {
      const shard = shardOf(key, count);
      expect(shard).toBe(shardOf(key, count));
      expect(shard >= 0 && shard < count).toBe(true);
    }),
  );
});

test('ten thousand keys spread evenly enough that no shard passes its bound', () => {
  const counts = new Map<number, number>();
  for (let index = 0; index < 10_000; index += 1) {
    const shard = shardOf(`ConfigMap/shop/settings-${index}`, 16);
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  expect(Math.max(...counts.values())).toBeLessThan(2000);
});
