/** What every stack owns, object by object: kept in memory, written to `Inventory` objects in shards. */
import { inventoryKind, type Inventory as InventoryObject } from '#api';
import { createObject, deleteObject, patchMerge, type ObjectKey, type Resource, type Transport } from '#kube';
import type { Inventory, InventoryEntry } from '#values';

/** A shard is split when it would hold more than this. */
const entriesPerShard = 1000;
const label = 'plumbline.dev/inventory-of';

export interface StackRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

interface Shards {
  readonly entries: Map<ObjectKey, InventoryEntry>;
  /** Number of shards in the cluster; 0 before the first write. */
  count: number;
  /** Shards whose entries differ from what the cluster holds. */
  readonly dirty: Set<number>;
}

/**
 * The leader is the only writer, so memory is the truth after {@link load}. `put` and `drop` change memory;
 * `flush` writes the shards that changed.
 */
export class InventoryStore {
  readonly #stacks = new Map<string, Shards>();
  readonly #owners = new Map<ObjectKey, string>();
  readonly #transport: Transport;
  readonly #resource: Resource;

  constructor(transport: Transport, resource: Resource) {
    this.#transport = transport;
    this.#resource = resource;
  }

  /** Takes in one `Inventory` object as it was found in the cluster at the start. */
  load(object: InventoryObject): void {
    const stack = `${object.metadata.namespace}/${object.spec.stack}`;
    const shards = this.#shards(stack);
    shards.count = Math.max(shards.count, shardCount(object));
    for (const entry of object.spec.entries ?? []) {
      const key = entry.key as ObjectKey;
      shards.entries.set(key, {
        key,
        desired: entry.desired ?? '',
        seen: entry.seen ?? '',
        commit: entry.commit ?? '',
      });
      this.#owners.set(key, stack);
    }
  }

  of(stack: string): Inventory {
    return this.#shards(stack).entries;
  }

  /** The stack (`namespace/name`) whose inventory holds the object. */
  ownerOf(key: ObjectKey): string | undefined {
    return this.#owners.get(key);
  }

  put(stack: string, entry: InventoryEntry): void {
    const shards = this.#shards(stack);
    shards.entries.set(entry.key, entry);
    this.#owners.set(entry.key, stack);
    shards.dirty.add(shardOf(entry.key, shards.count));
  }

  drop(stack: string, key: ObjectKey): void {
    const shards = this.#shards(stack);
    if (!shards.entries.delete(key)) return;
    if (this.#owners.get(key) === stack) this.#owners.delete(key);
    shards.dirty.add(shardOf(key, shards.count));
  }

  /** Forgets a deleted stack; its `Inventory` objects go with it by owner reference. */
  forget(stack: string): void {
    for (const key of this.#shards(stack).entries.keys()) if (this.#owners.get(key) === stack) this.#owners.delete(key);
    this.#stacks.delete(stack);
  }

  /** Writes what changed since the last flush; nothing changed, nothing written. */
  async flush(ref: StackRef, signal?: AbortSignal): Promise<void> {
    const stack = `${ref.namespace}/${ref.name}`;
    const shards = this.#shards(stack);
    if (shards.dirty.size === 0) return;
    const wanted = shardsFor(shards.entries.size, shards.count);
    const resized = wanted !== shards.count;
    const numbers = resized ? [...Array(wanted).keys()] : [...shards.dirty];
    const before = shards.count;
    for (const number of numbers)
      await this.#write(ref, { number, count: wanted, exists: number < before }, shards, signal);
    shards.count = wanted;
    shards.dirty.clear();
  }

  async #write(
    ref: StackRef,
    shard: { number: number; count: number; exists: boolean },
    { entries }: Shards,
    signal?: AbortSignal,
  ): Promise<void> {
    const name = `${ref.name}-${shard.number}`;
    const spec = {
      stack: ref.name,
      shard: shard.number,
      entries: [...entries.values()].filter(({ key }) => shardOf(key, shard.count) === shard.number),
    };
    const metadata = {
      name,
      namespace: ref.namespace,
      labels: { [label]: ref.name },
      annotations: { 'plumbline.dev/shards': String(shard.count) },
      ownerReferences: [
        { apiVersion: inventoryKind.apiVersion, kind: 'Stack', name: ref.name, uid: ref.uid, controller: true },
      ],
    };
    const target = { transport: this.#transport, resource: this.#resource, namespace: ref.namespace, name, signal };
    if (shard.exists) await patchMerge({ ...target, patch: { metadata: { annotations: metadata.annotations }, spec } });
    else {
      const object = { apiVersion: inventoryKind.apiVersion, kind: inventoryKind.kind, metadata, spec };
      await createObject({ transport: this.#transport, resource: this.#resource, object, signal });
    }
  }

  /** Deletes the `Inventory` objects of a stack that is gone but whose owner reference nobody collects. */
  async remove(ref: StackRef, signal?: AbortSignal): Promise<void> {
    const { count } = this.#shards(`${ref.namespace}/${ref.name}`);
    for (let number = 0; number < count; number += 1) {
      const name = `${ref.name}-${number}`;
      await deleteObject({
        transport: this.#transport,
        resource: this.#resource,
        namespace: ref.namespace,
        name,
        signal,
      });
    }
    this.forget(`${ref.namespace}/${ref.name}`);
  }

  #shards(stack: string): Shards {
    let shards = this.#stacks.get(stack);
    if (shards === undefined) this.#stacks.set(stack, (shards = { entries: new Map(), count: 0, dirty: new Set() }));
    return shards;
  }
}

function shardCount(object: InventoryObject): number {
  return Number(object.metadata.annotations?.['plumbline.dev/shards'] ?? object.spec.shard + 1);
}

/** Shards only grow, by doubling, so that most flushes touch the shards of the changed objects alone. */
export function shardsFor(entries: number, current: number): number {
  let count = Math.max(current, 1);
  while (entries > count * entriesPerShard) count *= 2;
  return count;
}

/** FNV-1a over the key: stable over restarts and versions. */
export function shardOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193) >>> 0;
  return hash % Math.max(count, 1);
}
