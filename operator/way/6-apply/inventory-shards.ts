/** How an inventory is laid out over `Inventory` objects, and read back whatever a crash left. Pure. */
import type { Inventory as InventoryObject } from '#api';
import type { ObjectKey } from '#kube';
import type { InventoryEntry } from '#values';

/** A shard is split when it would hold more than this: small enough that a correction of one object writes little. */
const entriesPerShard = 250;
/** Annotation with the number of shards that the stack has. */
export const countAnnotation = 'plumbline.dev/shards';

type StoredEntry = NonNullable<InventoryObject['spec']['entries']>[number];

const shardCount = ({ metadata, spec }: InventoryObject): number =>
  Number(metadata.annotations?.[countAnnotation] ?? spec.shard + 1);

export interface ReadInventory {
  /** What the stack owns. */
  readonly entries: readonly InventoryEntry[];
  /** Objects that are gone and in no Change yet. */
  readonly pruned: readonly ObjectKey[];
  /** Number of shards. */
  readonly count: number;
  /** Shards that are to be written anew. */
  readonly stale: readonly number[];
  /** Content of a run that was begun and not told of. */
  readonly run: string | undefined;
}

/** By stack (`namespace/name`), from all `Inventory` objects of a cluster or namespace. */
export function readInventories(objects: Iterable<InventoryObject>): Map<string, ReadInventory> {
  const stacks = Map.groupBy(objects, ({ metadata, spec }) => `${metadata.namespace}/${spec.stack}`);
  return new Map([...stacks].map(([stack, shards]) => [stack, readShards(shards)]));
}

/**
 * The entries of all shards of a stack. After a crash in the middle of a resize some shards are still of the smaller
 * count; for a key that has its place in a new shard, that one is right.
 */
export function readShards(shards: readonly InventoryObject[]): ReadInventory {
  const count = Math.max(...shards.map(shardCount));
  const current = new Set(shards.filter((shard) => shardCount(shard) === count).map(({ spec }) => spec.shard));
  const stored = shards.flatMap(({ spec }) =>
    (spec.entries ?? []).filter(({ key }) => {
      const home = shardOf(key, count);
      return current.has(home) ? spec.shard === home : !current.has(spec.shard);
    }),
  );
  const entries = stored.map(entryOf);
  return {
    entries: entries.filter(({ unrecorded }) => unrecorded !== 'pruned'),
    pruned: entries.filter(({ unrecorded }) => unrecorded === 'pruned').map(({ key }) => key),
    count,
    stale: [...Array(count).keys()].filter((number) => !current.has(number)),
    run: shards.find(({ spec }) => spec.shard === 0)?.spec.run,
  };
}

function entryOf({ key, desired = '', seen = '', commit = '', ...rest }: StoredEntry): InventoryEntry {
  return { key: key as ObjectKey, desired, seen, commit, ...rest };
}

/** Without the digests that are empty. */
function storedEntry({ key, desired, seen, commit, unrecorded, expires }: InventoryEntry): StoredEntry {
  return {
    key,
    ...(desired === '' ? {} : { desired }),
    ...(seen === '' ? {} : { seen }),
    ...(commit === '' ? {} : { commit }),
    ...(unrecorded === undefined || unrecorded === 'unchanged' ? {} : { unrecorded }),
    ...(expires === true ? { expires } : {}),
  };
}

/** What each shard of so many is to hold; `pruned` are objects that are gone and in no Change yet. */
export function layOut(
  { entries, pruned }: { readonly entries: Iterable<InventoryEntry>; readonly pruned: Iterable<ObjectKey> },
  count: number,
): StoredEntry[][] {
  const shards = Array.from({ length: count }, (): StoredEntry[] => []);
  for (const entry of entries) shards[shardOf(entry.key, count)]?.push(storedEntry(entry));
  for (const key of pruned) shards[shardOf(key, count)]?.push({ key, unrecorded: 'pruned' });
  return shards;
}

/** Shards only grow, by doubling, so that most flushes touch the shards of the changed objects alone. */
export function shardsFor(entries: number, current: number): number {
  let count = Math.max(current, 1);
  while (entries > count * entriesPerShard) count *= 2;
  return count;
}

/** The shard of a key: stable over restarts and versions. */
export const shardOf = (key: string, count: number): number => hashOf(key) % Math.max(count, 1);

/** FNV-1a, 32 bits. */
function hashOf(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}

/** Two sums, so that the order of the entries does not count. */
export function fingerprintOf(entries: Iterable<InventoryEntry>, run: string | undefined): string {
  let [count, one, two] = [0, 0, 0];
  for (const { key, desired } of entries) {
    const hash = hashOf(desired, hashOf(key));
    count += 1;
    one = (one + hash) >>> 0;
    two = (two + Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)) >>> 0;
  }
  const parts = [count, one, two].map((part) => part.toString(36));
  return (run === undefined ? parts : [...parts, 'in-hand']).join('-');
}
