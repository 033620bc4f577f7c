/** The state of a kind as the watch shows it, reduced to what is needed, with read-your-own-writes. */
import type { Clock, Log } from '#runtime';
import { ApiError } from './api-error.ts';
import { resourcePath, type Resource } from './discovery.ts';
import type { KubeObject } from './object.ts';
import { PendingWrites } from './pending-writes.ts';
import type { Transport } from './transport.ts';
import { Cut, Gone, watch } from './watch.ts';

export interface WatchCacheOptions<T> {
  readonly transport: Transport;
  readonly resource: Resource;
  /** Label selector. */
  readonly selector?: string;
  readonly namespace?: string;
  /** Asks for PartialObjectMetadata only. */
  readonly metadataOnly?: boolean;
  /** Keeps what is needed of an object; the rest is dropped. */
  readonly reduce: (object: KubeObject) => T;
  readonly clock: Clock;
  readonly log: Log;
  readonly onRelist?: () => void;
}

export interface CacheEvent<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly key: string;
  readonly old?: T | undefined;
  readonly new?: T | undefined;
}

interface Entry<T> {
  readonly value: T;
  readonly resourceVersion: string;
}

const metadataAccept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const metadataListAccept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const pageSize = '500';
/** Watches are ended by the server after five to ten minutes, spread so that they do not all come back at once. */
const watchSeconds = { least: 300, most: 600 };
const firstDelayMs = 200;
const longestDelayMs = 30_000;

export class WatchCache<T> implements AsyncDisposable {
  readonly #options: WatchCacheOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #listeners = new Set<(event: CacheEvent<T>) => void>();
  readonly #pending = new PendingWrites<KubeObject | undefined>();
  readonly #stop = new AbortController();
  #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #running: Promise<void> | undefined;
  #resourceVersion = '';
  #streamsLists = true;

  constructor(options: WatchCacheOptions<T>) {
    this.#options = options;
    this.#synced.promise.catch(() => undefined);
  }

  /** Lists, then watches until disposed; resolves when the list is complete. */
  start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#synced.promise;
  }

  get synced(): boolean {
    return this.#isSynced;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  *entries(): Generator<readonly [string, T]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  /** Listeners are called in order, synchronously, and must only put keys into queues. */
  subscribe(listener: (event: CacheEvent<T>) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /**
   * Sends a write so that the cache never shows a state older than its answer. Events of the key are held back while
   * the write is in flight; resourceVersions are compared for equality only.
   */
  async write(key: string, send: () => Promise<KubeObject>): Promise<KubeObject> {
    this.#pending.begin(key);
    try {
      const answer = await send();
      const version = answer.metadata.resourceVersion ?? '';
      const known = this.#entries.get(key)?.resourceVersion;
      for (const object of this.#pending.finish(key, version, answer, known)) this.#take(key, object);
      return answer;
    } catch (error) {
      for (const object of this.#pending.abandon(key)) this.#take(key, object);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Cut('the cache was closed'));
    this.#synced.reject(this.#stop.signal.reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log, resource } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#resourceVersion === '') await this.#list();
        await this.#follow(this.#resourceVersion, () => (failures = 0));
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (error instanceof Gone || (error instanceof ApiError && error.status === 410)) {
          this.#resourceVersion = '';
          continue;
        }
        failures += 1;
        // A stream that broke after it had brought something is simply taken up again.
        const delay =
          error instanceof Cut && failures === 1 ? 0 : Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
        if (failures > 1) log.warn('watch failed', { kind: resource.kind, group: resource.group, failures, error });
        await clock.sleep(delay * (0.75 + Math.random() / 2), { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }

  /** Fills the cache: as a stream where the server can, else page by page. */
  async #list(): Promise<void> {
    this.#options.onRelist?.();
    const seen = new Set<string>();
    if (this.#streamsLists && (await this.#streamList(seen))) return this.#listed(seen);
    this.#streamsLists = false;
    let next = '';
    let version = '';
    do {
      const query = { limit: pageSize, ...this.#selector(), ...(next === '' ? {} : { continue: next }) };
      const accept = this.#options.metadataOnly ? metadataListAccept : 'application/json';
      const path = resourcePath(this.#options.resource, { namespace: this.#options.namespace });
      const { body } = await this.#options.transport.request<{
        metadata: { continue?: string; resourceVersion: string };
        items?: KubeObject[];
      }>({
        method: 'GET',
        path,
        query,
        accept,
        signal: this.#stop.signal,
      });
      for (const object of body.items ?? []) this.#seen(object, seen);
      next = body.metadata.continue ?? '';
      version = body.metadata.resourceVersion;
    } while (next !== '');
    this.#resourceVersion = version;
    this.#listed(seen);
  }

  /** False when the server does not know streaming lists (KEP-3157). */
  async #streamList(seen: Set<string>): Promise<boolean> {
    const query = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', timeoutSeconds: '60' };
    try {
      for await (const event of this.#watch(query)) {
        if (event.type === 'bookmark' && event.initialEventsEnd) {
          this.#resourceVersion = event.resourceVersion;
          return true;
        }
        if (event.type === 'added' || event.type === 'modified') this.#seen(event.object, seen);
      }
    } catch (error) {
      if (error instanceof ApiError && (error.status === 422 || error.status === 400)) return false;
      throw error;
    }
    throw new Cut('the streaming list ended early');
  }

  #seen(object: KubeObject, seen: Set<string>): void {
    const key = cacheKey(object);
    seen.add(key);
    this.#observe(key, object, object.metadata.resourceVersion ?? '');
  }

  /** What the list did not hold is gone. */
  #listed(seen: ReadonlySet<string>): void {
    for (const key of [...this.#entries.keys()]) if (!seen.has(key)) this.#observe(key, undefined, '');
    this.#pending.relisted();
    this.#isSynced = true;
    this.#synced.resolve();
  }

  async #follow(from: string, alive: () => void): Promise<void> {
    const seconds = watchSeconds.least + Math.random() * (watchSeconds.most - watchSeconds.least);
    for await (const event of this.#watch({ resourceVersion: from, timeoutSeconds: String(Math.round(seconds)) })) {
      alive();
      if (event.type === 'bookmark') {
        this.#resourceVersion = event.resourceVersion;
        continue;
      }
      const { resourceVersion = '' } = event.object.metadata;
      this.#observe(cacheKey(event.object), event.type === 'deleted' ? undefined : event.object, resourceVersion);
      this.#resourceVersion = resourceVersion;
    }
  }

  #watch(query: Readonly<Record<string, string>>): ReturnType<typeof watch> {
    const { transport, resource, namespace, metadataOnly } = this.#options;
    return watch(transport, {
      path: resourcePath(resource, { namespace }),
      query: { ...query, ...this.#selector() },
      accept: metadataOnly ? metadataAccept : 'application/json',
      signal: this.#stop.signal,
    });
  }

  #selector(): Record<string, string> {
    return this.#options.selector === undefined ? {} : { labelSelector: this.#options.selector };
  }

  #observe(key: string, object: KubeObject | undefined, version: string): void {
    if (this.#pending.holds(key, object, version)) return;
    this.#take(key, object);
  }

  #take(key: string, object: KubeObject | undefined): void {
    const old = this.#entries.get(key);
    if (object === undefined) {
      if (old === undefined) return;
      this.#entries.delete(key);
      return this.#tell({ type: 'deleted', key, old: old.value });
    }
    const version = object.metadata.resourceVersion ?? '';
    if (old?.resourceVersion === version) return;
    const value = this.#options.reduce(object);
    this.#entries.set(key, { value, resourceVersion: version });
    this.#tell({ type: old === undefined ? 'added' : 'modified', key, old: old?.value, new: value });
  }

  #tell(event: CacheEvent<T>): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        // One listener's fault must not cost the others, or the cache, an event.
        this.#options.log.error('a cache listener failed', { error });
      }
    }
  }
}

function cacheKey({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
