/** Watches every object that Plumbline owns: one watch a kind, by label, reduced to a few fields an object. */
import { annotations, labels } from '#api';
import {
  ApiError,
  apiFailure,
  kindName,
  managedDigest,
  keyOf,
  parseKey,
  WatchCache,
  type Discovery,
  type GroupKind,
  type KubeObject,
  type ObjectKey,
  type Resource,
  type Transport,
} from '#kube';
import { labelledStack, type Observed, type ObservedObjects } from '#apply';
import type { Clock, Log } from '#runtime';
import type { Health } from '#values';

export interface OwnedObjectsOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the health of a kind depends on more than metadata, so that whole objects must be watched. */
  readonly needsFullObject: (kind: GroupKind, stack?: string) => boolean;
  /** Health by the rules of the kind and the expressions of the owning stack (`namespace/name`). */
  readonly healthOf: (object: KubeObject, stack: string | undefined) => Health;
}

export interface OwnedEvent {
  readonly key: ObjectKey;
  readonly old: Observed | undefined;
  readonly now: Observed | undefined;
}

interface KindWatch {
  readonly cache: WatchCache<Observed>;
  readonly synced: Promise<void>;
  readonly full: boolean;
}

const current: Health = { status: 'current', message: '' };

export class OwnedObjects implements ObservedObjects, AsyncDisposable {
  readonly #options: OwnedObjectsOptions;
  readonly #kinds = new Map<string, KindWatch>();
  readonly #listeners = new Set<(event: OwnedEvent) => void>();

  constructor(options: OwnedObjectsOptions) {
    this.#options = options;
  }

  get(key: ObjectKey): Observed | undefined {
    const { group, kind, namespace, name } = parseKey(key);
    return this.#kinds.get(kindName({ group, kind }))?.cache.get(cacheKey(namespace, name));
  }

  /** Whether the kind has been listed, so that an absent object is known to be absent. */
  knows(key: ObjectKey): boolean {
    return this.#kinds.get(kindName(parseKey(key)))?.cache.synced ?? false;
  }

  async ensure(keys: Iterable<ObjectKey>): Promise<void> {
    const kinds = new Map<string, GroupKind>();
    for (const key of keys) {
      const { group, kind } = parseKey(key);
      kinds.set(kindName({ group, kind }), { group, kind });
    }
    await Promise.all([...kinds.values()].map((kind) => this.#ensureKind(kind)));
  }

  /** Opens the watch of a kind anew, when the expressions that decide its health have changed. */
  async refresh(kind: GroupKind): Promise<void> {
    const watch = this.#kinds.get(kindName(kind));
    if (watch === undefined) return;
    this.#kinds.delete(kindName(kind));
    await watch.cache[Symbol.asyncDispose]();
    await this.#ensureKind(kind);
  }

  /** Ends the watches of kinds that the API server no longer serves. */
  async dropUnserved(): Promise<void> {
    for (const [name, { cache }] of this.#kinds) {
      const { group, kind } = parseKey(`${name}/any` as ObjectKey);
      if ((await this.#options.discovery.resource({ group, kind })) !== undefined) continue;
      this.#kinds.delete(name);
      await cache[Symbol.asyncDispose]();
    }
  }

  async write(key: ObjectKey, send: () => Promise<KubeObject>): Promise<KubeObject> {
    const { group, kind, namespace, name } = parseKey(key);
    const watch = this.#kinds.get(kindName({ group, kind }));
    return watch === undefined ? send() : watch.cache.write(cacheKey(namespace, name), send);
  }

  subscribe(listener: (event: OwnedEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Objects held in memory, by kind. */
  sizes(): { readonly kind: string; readonly size: number }[] {
    return [...this.#kinds].map(([kind, { cache }]) => ({ kind, size: cache.size }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#kinds.values()].map(({ cache }) => cache[Symbol.asyncDispose]()));
  }

  async #ensureKind(kind: GroupKind): Promise<void> {
    const known = this.#kinds.get(kindName(kind));
    if (known !== undefined) return known.synced;
    const resource = await this.#options.discovery.resource(kind);
    if (resource === undefined || !resource.verbs.includes('watch')) return;
    const again = this.#kinds.get(kindName(kind));
    if (again !== undefined) return again.synced;
    const watch = this.#open(kind, resource);
    this.#kinds.set(kindName(kind), watch);
    await watch.synced;
  }

  #open(kind: GroupKind, resource: Resource): KindWatch {
    const { transport, clock, log, needsFullObject } = this.#options;
    const full = needsFullObject(kind);
    const refused = Promise.withResolvers<never>();
    const cache = new WatchCache<Observed>({
      onFailure: (error) => {
        if (error instanceof ApiError && error.status === 403)
          refused.reject(apiFailure(error, { verb: 'watch', key: kindName(kind) }));
      },
      transport,
      resource,
      selector: labels.stack,
      metadataOnly: !full,
      reduce: (object) => this.#reduce(object, full),
      clock,
      log,
    });
    cache.subscribe(({ key, old, new: now }) => {
      const [first = '', second] = key.split('/');
      const object = second === undefined ? keyOf(kind, undefined, first) : keyOf(kind, first, second);
      for (const listener of [...this.#listeners]) listener({ key: object, old, now });
    });
    const synced = Promise.race([cache.start(), refused.promise]).catch(async (error: unknown) => {
      // The next stack that needs the kind asks again: somebody may have granted it.
      if (this.#kinds.get(kindName(kind))?.cache === cache) this.#kinds.delete(kindName(kind));
      await cache[Symbol.asyncDispose]();
      throw error;
    });
    return { cache, full, synced };
  }

  #reduce(object: KubeObject, full: boolean): Observed {
    const { metadata } = object;
    const stack = labelledStack(object);
    const health = full || metadata.deletionTimestamp ? this.#options.healthOf(object, stack) : current;
    return {
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      seen: managedDigest(object),
      stack,
      deleting: metadata.deletionTimestamp !== undefined,
      keepWhenPruned: metadata.annotations?.[annotations.prune] === 'skip',
      health: health.status === 'current' ? current : health,
    };
  }
}

const cacheKey = (namespace: string | undefined, name: string): string => (namespace ? `${namespace}/${name}` : name);
