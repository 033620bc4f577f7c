import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Inventory } from '#api';
import type { ObjectKey, Resource, Transport } from '#kube';
import type { InventoryEntry } from '#values';
import { layOut, readShards, shardOf, shardsFor } from './inventory-shards.ts';
import { InventoryStore } from './inventory.ts';

test('shards only grow, by doubling, and hold 250 entries each on average', () => {
  expect([shardsFor(0, 0), shardsFor(250, 1), shardsFor(251, 1), shardsFor(10_000, 1), shardsFor(5, 16)]).toEqual([
    1, 1, 2, 64, 16,
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

const shard = (number: number, count: number, keys: readonly string[]): Inventory => ({
  apiVersion: 'plumbline.dev/v1alpha1',
  kind: 'Inventory',
  metadata: {
    name: `app-${number}`,
    namespace: 'shop',
    annotations: { 'plumbline.dev/shards': String(count) },
  },
  spec: {
    stack: 'app',
    shard: number,
    entries: keys.map((key) => ({ key, desired: `of ${count}`, seen: '', commit: '' })),
  },
});

test('a resize that was cut short at any place loses no entry, and takes the newer word for each', () => {
  const keys = [...Array(40).keys()].map((index) => `ConfigMap/shop/c${index}`);
  const old = [0, 1].map((number) =>
    shard(
      number,
      2,
      keys.filter((key) => shardOf(key, 2) === number),
    ),
  );
  const all = [0, 1, 2, 3].map((number) =>
    shard(
      number,
      4,
      keys.filter((key) => shardOf(key, 4) === number),
    ),
  );
  // New shards are written before old ones shrink, several at once.
  for (const written of [[2], [3], [2, 3], [2, 3, 0], [2, 3, 1], [0, 1, 2, 3]]) {
    const there = new Map(
      [...old, ...written.map((number) => all[number] as Inventory)].map((at) => [at.spec.shard, at]),
    );
    const { entries, count, stale } = readShards([...there.values()]);
    expect(entries.map(({ key }) => key).sort()).toEqual([...keys].sort());
    const renewed = entries.filter(({ key }) => written.includes(shardOf(key, 4)));
    expect(renewed.every(({ desired }) => desired === 'of 4')).toBe(true);
    expect([count, stale]).toEqual([4, [0, 1, 2, 3].filter((number) => !written.includes(number))]);
  }
});

test('an entry is read back as it was written, whatever it says', () => {
  const written: InventoryEntry[] = [
    entryOf('plain', 'd'),
    { ...entryOf('in-hand', ''), seen: '', commit: '', unrecorded: 'adopted' },
    { ...entryOf('job', 'd'), expires: true },
  ];
  const gone = 'ConfigMap/shop/gone' as ObjectKey;
  const shards = layOut({ entries: written, pruned: [gone] }, 2).map((entries, number) => {
    const { spec, ...object } = shard(number, 2, []);
    return { ...object, spec: { ...spec, entries } };
  });
  const { entries, pruned } = readShards(shards);
  expect(entries.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual([written[1], written[2], written[0]]);
  expect(pruned).toEqual([gone]);
});

const offline = (): InventoryStore => new InventoryStore({} as Transport, {} as Resource);
const entryOf = (name: string, desired: string): InventoryEntry => ({
  key: `ConfigMap/shop/${name}` as ObjectKey,
  desired,
  seen: 's',
  commit: 'c',
});

test('the fingerprint tells contents apart, and not the order in which they came', () => {
  const [one, two] = [offline(), offline()];
  one.put('shop/app', entryOf('a', '1'));
  one.put('shop/app', entryOf('b', '2'));
  two.put('shop/app', entryOf('b', '2'));
  two.put('shop/app', entryOf('a', '1'));
  expect(one.fingerprint('shop/app')).toBe(two.fingerprint('shop/app'));
  two.put('shop/app', entryOf('a', '2'));
  expect(one.fingerprint('shop/app')).not.toBe(two.fingerprint('shop/app'));
  two.drop('shop/app', entryOf('a', '2').key);
  expect(one.fingerprint('shop/app')).not.toBe(two.fingerprint('shop/app'));
});

test('what was done is told until it is recorded, what is in hand is not', () => {
  const store = offline();
  store.put('shop/app', { ...entryOf('a', '1'), unrecorded: 'created' });
  store.put('shop/app', { ...entryOf('b', ''), unrecorded: 'created' });
  store.put('shop/app', entryOf('c', '1'));
  store.put('shop/app', entryOf('d', '1'));
  store.drop('shop/app', entryOf('d', '1').key, { pruned: true });
  expect(store.unrecorded('shop/app')).toEqual([
    { key: 'ConfigMap/shop/a', action: 'created' },
    { key: 'ConfigMap/shop/d', action: 'pruned' },
  ]);
  store.recorded('shop/app');
  expect(store.unrecorded('shop/app')).toEqual([]);
  expect([...store.of('shop/app').keys()]).toHaveLength(3);
});

describe('a Change that was written by a process which ended at once', () => {
  const told = { commit: 'c', objects: [{ object: 'ConfigMap/shop/a', action: 'created' }] };
  const gone = { commit: 'c', objects: [{ object: 'ConfigMap/shop/a', action: 'pruned' }] };
  const inHand: InventoryEntry = { ...entryOf('a', ''), seen: '', unrecorded: 'created' };
  const { unrecorded: _, ...recorded } = inHand;
  test.each([
    { name: 'is not told once more', entry: inHand, change: told, after: recorded },
    { name: 'of an earlier commit leaves what came since', entry: { ...inHand, commit: 'd' }, change: told },
    { name: 'leaves what is as it should be', entry: entryOf('a', '1'), change: gone },
    { name: 'leaves what has come back since', entry: { ...inHand, commit: 'd' }, change: gone },
    { name: 'makes no news of what it says is gone', entry: { ...recorded, seen: 's' }, change: gone, after: inHand },
  ])('$name', ({ entry, change, after = entry }) => {
    const store = offline();
    store.put('shop/app', entry);
    store.told('shop/app', change);
    expect([...store.of('shop/app').values()]).toEqual([after]);
  });

  test('and says what is gone for good leaves nothing to record', () => {
    const store = offline();
    store.put('shop/app', entryOf('a', '1'));
    store.drop('shop/app', entryOf('a', '1').key, { pruned: true });
    expect(store.isUnfinished('shop/app')).toBe(true);
    store.told('shop/app', gone);
    expect([store.unrecorded('shop/app'), store.isUnfinished('shop/app')]).toEqual([[], false]);
  });
});
