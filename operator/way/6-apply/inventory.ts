/** What every stack owns, object by object: kept in memory, written to `Inventory` objects in shards. */
import { inventoryKind, type Inventory as InventoryObject } from '#api';
import { ApiError, createObject, deleteObject, patchMerge, type ObjectKey, type Resource, type Transport } from '#kube';
import { mapBounded, Turns } from '#runtime';
import type { Inventory, InventoryEntry, ObjectAction } from '#values';
import { countAnnotation, fingerprintOf, layOut, readInventories, shardOf, shardsFor } from './inventory-shards.ts';

const label = 'plumbline.dev/inventory-of';

/** Shards written at once. */
const atOnce = 8;

export interface StackRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What a Change tells. */
export interface Told {
  readonly commit: string;
  readonly objects: readonly { readonly object: string; readonly action: string }[];
}

interface Shards {
  readonly entries: Map<ObjectKey, InventoryEntry>;
  /** Objects that were pruned, until a Change says so. */
  readonly pruned: Set<ObjectKey>;
  /** Number of shards in the cluster; 0 before the first write. */
  count: number;
  /** Shards whose entries differ from what the cluster holds. */
  dirty: Set<number>;
  /** Of what the entries say; undefined when they changed since it was worked out. */
  fingerprint?: string | undefined;
  /** What a run that goes on by itself is about. */
  run?: string | undefined;
  /** Shards were missing when the operator started. */
  isPart?: boolean;
}

interface Shard {
  readonly number: number;
  readonly count: number;
  readonly exists: boolean;
  readonly entries: readonly unknown[];
  readonly run: string | undefined;
}

/**
 * The leader is the only writer, so memory is the truth after {@link load}. `put` and `drop` change memory;
 * `flush` writes the shards that changed.
 */
export class InventoryStore {
  readonly #stacks = new Map<string, Shards>();
  readonly #owners = new Map<ObjectKey, string>();
  readonly #turns = new Turns();
  readonly #transport: Transport;
  readonly #resource: Resource;

  constructor(transport: Transport, resource: Resource) {
    this.#transport = transport;
    this.#resource = resource;
  }

  /** Takes in all `Inventory` objects as they were found in the cluster at the start. */
  load(objects: Iterable<InventoryObject>): void {
    for (const [stack, { entries, pruned, count, stale, run }] of readInventories(objects)) {
      const shards = this.#shards(stack);
      Object.assign(shards, { count, dirty: new Set(stale), fingerprint: undefined, run, isPart: stale.length > 0 });
      for (const key of pruned) shards.pruned.add(key);
      for (const entry of entries) {
        shards.entries.set(entry.key, entry);
        this.#owners.set(entry.key, stack);
      }
    }
  }

  /** Whether all of what the stack owns is known: not when `Inventory` objects of it were deleted while nobody looked. */
  isWhole(stack: string): boolean {
    const { count, isPart = false } = this.#shards(stack);
    return count > 0 && !isPart;
  }

  of(stack: string): Inventory {
    return this.#shards(stack).entries;
  }

  /** The stack (`namespace/name`) whose inventory holds the object. */
  ownerOf(key: ObjectKey): string | undefined {
    return this.#owners.get(key);
  }

  /** Another stack whose inventory holds the object: a crash in the middle of a handover leaves two. */
  holderBeside(key: ObjectKey, stack: string): string | undefined {
    for (const [other, { entries }] of this.#stacks) if (other !== stack && entries.has(key)) return other;
    return undefined;
  }

  /** Tells two states of a stack's inventory apart, whatever the order of its entries: what is owned, and in what content. */
  fingerprint(stack: string): string {
    const shards = this.#shards(stack);
    return (shards.fingerprint ??= fingerprintOf(shards.entries.values(), shards.run));
  }

  /** Notes what a run that goes on by itself is about, or that none does. A crash leaves it noted. */
  noteRun(stack: string, run: string | undefined): void {
    const shards = this.#shards(stack);
    if (shards.run === run) return;
    shards.run = run;
    shards.fingerprint = undefined;
    shards.dirty.add(0);
  }

  runOf(stack: string): string | undefined {
    return this.#shards(stack).run;
  }

  put(stack: string, entry: InventoryEntry): void {
    const shards = this.#shards(stack);
    shards.entries.set(entry.key, entry);
    shards.pruned.delete(entry.key);
    shards.fingerprint = undefined;
    this.#owners.set(entry.key, stack);
    shards.dirty.add(shardOf(entry.key, shards.count));
  }

  /** `pruned`: a Change has to tell of it. */
  drop(stack: string, key: ObjectKey, { pruned = false } = {}): void {
    const shards = this.#shards(stack);
    if (!shards.entries.delete(key)) return;
    if (pruned) shards.pruned.add(key);
    shards.fingerprint = undefined;
    if (this.#owners.get(key) === stack) this.#owners.delete(key);
    shards.dirty.add(shardOf(key, shards.count));
  }

  /** What was done to the stack's objects, by this process or an earlier one, and is in no Change yet. */
  unrecorded(stack: string): { readonly key: ObjectKey; readonly action: ObjectAction }[] {
    const { entries, pruned } = this.#shards(stack);
    const done: { key: ObjectKey; action: ObjectAction }[] = [];
    for (const { key, desired, unrecorded } of entries.values())
      if (unrecorded !== undefined && desired !== '') done.push({ key, action: unrecorded });
    for (const key of pruned) done.push({ key, action: 'pruned' });
    return done;
  }

  /** A Change tells of all that was done. */
  recorded(stack: string): void {
    const shards = this.#shards(stack);
    for (const { key, action } of this.unrecorded(stack)) {
      shards.dirty.add(shardOf(key, shards.count));
      const { unrecorded: _, ...entry } = shards.entries.get(key) ?? {};
      if (action !== 'pruned') shards.entries.set(key, entry as InventoryEntry);
    }
    shards.pruned.clear();
  }

  /** Whether something is in hand, or done and perhaps in no Change yet. */
  isUnfinished(stack: string): boolean {
    const { entries, pruned } = this.#shards(stack);
    return (
      pruned.size > 0 || entries.values().some(({ desired, unrecorded }) => desired === '' || unrecorded !== undefined)
    );
  }

  /** Takes in the last Change, whose process may have ended before it could note that it is written. */
  told(stack: string, { commit, objects }: Told): void {
    const shards = this.#shards(stack);
    for (const { object, action } of objects) {
      const key = object as ObjectKey;
      const entry = shards.entries.get(key);
      const known = entry && afterTold(entry, action, commit);
      if (known !== undefined) this.put(stack, known);
      else if (entry === undefined && action === 'pruned' && shards.pruned.delete(key))
        shards.dirty.add(shardOf(key, shards.count));
    }
  }

  /** Forgets a deleted stack; its `Inventory` objects go with it by owner reference. */
  forget(stack: string): void {
    for (const key of this.#shards(stack).entries.keys()) if (this.#owners.get(key) === stack) this.#owners.delete(key);
    this.#stacks.delete(stack);
  }

  /** Writes what changed since the last flush; nothing changed, nothing written. */
  async flush(ref: StackRef, signal?: AbortSignal): Promise<void> {
    const stack = `${ref.namespace}/${ref.name}`;
    // A handover flushes the inventory of another stack, which may be in the middle of its own flush.
    await this.#turns.take(stack, () => this.#flush(ref, this.#shards(stack), signal));
  }

  async #flush(ref: StackRef, shards: Shards, signal?: AbortSignal): Promise<void> {
    if (shards.dirty.size === 0) return;
    const { dirty, count: before } = shards;
    const count = shardsFor(shards.entries.size, before);
    const numbers = count === before ? [...dirty] : [...Array(count).keys()];
    const contents = layOut({ entries: shards.entries.values(), pruned: shards.pruned }, count);
    const write = (number: number): Promise<void> =>
      this.#write(
        ref,
        {
          number,
          count,
          exists: number < before,
          entries: contents[number] ?? [],
          run: number === 0 ? shards.run : undefined,
        },
        signal,
      );
    shards.dirty = new Set();
    shards.count = count;
    try {
      // New shards first: until the old ones shrink, every entry is in one or the other.
      for (const some of [numbers.filter((number) => number >= before), numbers.filter((number) => number < before)])
        await mapBounded(some, atOnce, write);
    } catch (error) {
      for (const number of numbers) shards.dirty.add(number);
      throw error;
    }
  }

  async #write(ref: StackRef, { number, count, exists, entries, run }: Shard, signal?: AbortSignal): Promise<void> {
    const name = `${ref.name}-${number}`;
    const spec = { stack: ref.name, shard: number, entries, ...(run === undefined ? {} : { run }) };
    const metadata = {
      name,
      namespace: ref.namespace,
      labels: { [label]: ref.name },
      annotations: { [countAnnotation]: String(count) },
      ownerReferences: [
        { apiVersion: inventoryKind.apiVersion, kind: 'Stack', name: ref.name, uid: ref.uid, controller: true },
      ],
    };
    const target = { transport: this.#transport, resource: this.#resource, metadataOnly: true, signal };
    const object = { apiVersion: inventoryKind.apiVersion, kind: inventoryKind.kind, metadata, spec };
    const patch = (): Promise<unknown> =>
      patchMerge({ ...target, namespace: ref.namespace, name, patch: { metadata, spec: { run: null, ...spec } } });
    const create = (): Promise<unknown> => createObject({ ...target, object, repeatable: true });
    // What memory says of a shard's existence is wrong when the answer of its creation was lost, or somebody deleted it.
    if (exists) await patch().catch(unless(404, create));
    else await create().catch(unless(409, patch));
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
    if (shards === undefined)
      this.#stacks.set(stack, (shards = { entries: new Map(), pruned: new Set(), count: 0, dirty: new Set() }));
    return shards;
  }
}

/** The entry once a Change has told of it; undefined when what it tells was before. */
function afterTold(entry: InventoryEntry, action: string, commit: string): InventoryEntry | undefined {
  const { unrecorded, ...rest } = entry;
  if (action !== 'pruned') return unrecorded !== undefined && entry.commit === commit ? rest : undefined;
  // As what was announced and never sent: that it is gone is no news, that it comes back is.
  return unrecorded === undefined && entry.desired === '' ? { ...rest, seen: '', unrecorded: 'created' } : undefined;
}

/** Tries the other way when the API server answers this. */
const unless =
  (status: number, other: () => Promise<unknown>) =>
  (error: unknown): Promise<unknown> => {
    if (error instanceof ApiError && error.status === status) return other();
    throw error;
  };
