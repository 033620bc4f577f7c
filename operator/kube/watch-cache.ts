/** The state of a kind as the watch shows it, reduced to what is needed, with read-your-own-writes. */
import { Turns, type Clock, type Log } from '#runtime';
import { ApiError } from './api-error.ts';
import { metadataAccept } from './calls.ts';
import { resourcePath, type Resource } from './discovery.ts';
import { matchesLabels } from './label-selector.ts';
import { list, metadataListAccept } from './list.ts';
import type { KubeObject } from './object.ts';
import { isNewer } from './resource-version.ts';
import type { Account, Transport } from './transport.ts';
import { delayMs, mustRelist, refusesStreaming } from './watch-retry.ts';
import { Cut, watch, type ObjectEvent, type WatchOptions } from './watch.ts';

export interface WatchCacheOptions<T> {
  readonly transport: Transport;
  readonly resource: Resource;
  /** Label selector. */
  readonly selector?: string;
  readonly namespace?: string;
  /** The one object of this name; like `namespace`, what RBAC may narrow a watch to. */
  readonly name?: string;
  /** Whose rights count. */
  readonly as?: Account;
  /** Asks for PartialObjectMetadata only. */
  readonly metadataOnly?: boolean;
  /** Keeps what is needed of an object; the rest is dropped. */
  readonly reduce: (object: KubeObject) => T;
  readonly clock: Clock;
  readonly log: Log;
  readonly onRelist?: () => void;
  /** Told of every watch that is refused or breaks; the next one is opened by itself. */
  readonly onFailure?: (error: unknown) => void;
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

/** Watches are ended by the server after five to ten minutes, spread so that they do not all come back at once. */
const watchSeconds = { least: 300, most: 600 };
/** A watch that ends sooner than this without an event has failed, however cleanly. */
const shortestWatchMs = 1000;

export class WatchCache<T> implements AsyncDisposable {
  readonly #options: WatchCacheOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #listeners = new Set<(event: CacheEvent<T>) => void>();
  readonly #turns = new Turns();
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  /** Keys of the writes in flight. */
  readonly #writing = new Set<string>();
  /** Versions at which objects went that an answer on its way, or an event older than an answer, would bring back. */
  readonly #gone = new Map<string, string>();
  /** Keys answered since the list was asked for: they alone may be newer than it. Undefined while there is no list. */
  #answered: Set<string> | undefined;
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

  /** Sends a write so that the cache never shows a state older than its answer. Writes of one key wait for each other. */
  async write(key: string, send: () => Promise<KubeObject>): Promise<KubeObject> {
    return this.#turns.take(key, async () => {
      this.#writing.add(key);
      try {
        const answer = await send();
        this.#answered?.add(key);
        // The watch will not bring what its selector leaves out.
        this.#observe(key, this.#selects(answer) ? answer : undefined, versionOf(answer));
        return answer;
      } finally {
        this.#writing.delete(key);
        this.#forget(key, this.#resourceVersion);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Cut('the cache was closed'));
    this.#synced.reject(this.#stop.signal.reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log, resource } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      const started = clock.now();
      let alive = false;
      try {
        if (this.#resourceVersion === '' && !this.#streamsLists) await this.#listPages();
        await this.#follow(() => {
          alive = true;
          failures = 0;
        });
        if (!alive && clock.now() - started < shortestWatchMs) throw new Cut('the watch ended at once');
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.#options.onFailure?.(error);
        if (mustRelist(error, failures)) this.#resourceVersion = '';
        if (failures > 1) log.warn('watch failed', { kind: resource.kind, group: resource.group, failures, error });
        await clock.sleep(delayMs(error, failures), { signal }).catch(() => undefined);
      }
    }
  }

  async #listPages(): Promise<void> {
    const seen = this.#beginList();
    const accept = this.#options.metadataOnly ? metadataListAccept : 'application/json';
    const pages = list(this.#options.transport, { ...this.#scope(), accept, signal: this.#stop.signal });
    for (;;) {
      const { done, value } = await pages.next();
      if (done === true) {
        this.#resourceVersion = value;
        return this.#listed(seen, value);
      }
      this.#apply({ type: 'added', object: value }, seen);
    }
  }

  /**
   * One watch until the server ends it; without a resourceVersion it begins with a streaming list (KEP-3157).
   * `alive` is called when it brings more than its list.
   */
  async #follow(alive: () => void): Promise<void> {
    let seen = this.#resourceVersion === '' ? this.#beginList() : undefined;
    try {
      for await (const event of this.#watch()) {
        if (seen === undefined) {
          this.#resourceVersion = event.type === 'bookmark' ? event.resourceVersion : this.#apply(event);
          alive();
        } else if (event.type !== 'bookmark') {
          this.#apply(event, seen);
        } else if (event.initialEventsEnd) {
          this.#resourceVersion = event.resourceVersion;
          this.#listed(seen, event.resourceVersion);
          seen = undefined;
        }
      }
    } catch (error) {
      if (seen === undefined || !(error instanceof ApiError) || !refusesStreaming.has(error.status)) throw error;
      this.#streamsLists = false;
    }
    if (seen !== undefined) throw new Cut('the streaming list ended early');
  }

  /** Returns the resourceVersion of the event. `seen` is given while a list is on its way. */
  #apply({ type, object }: ObjectEvent, seen?: Set<string>): string {
    const key = cacheKey(object);
    const version = versionOf(object);
    const live = type === 'deleted' ? undefined : object;
    if (seen === undefined) {
      this.#observe(key, live, version);
      if (!this.#writing.has(key)) this.#forget(key, version);
      return version;
    }
    // A list that streams may hold what goes before it is complete.
    if (live === undefined) seen.delete(key);
    else seen.add(key);
    this.#hear(key, live, version);
    return version;
  }

  #beginList(): Set<string> {
    this.#options.onRelist?.();
    this.#answered = new Set();
    return new Set();
  }

  /** What the list did not hold is gone. */
  #listed(seen: ReadonlySet<string>, version: string): void {
    // What a write in flight brings may have gone before the list, although no entry ever showed it.
    for (const key of new Set([...this.#entries.keys(), ...this.#writing]))
      if (!seen.has(key)) this.#hear(key, undefined, version);
    for (const key of [...this.#gone.keys()]) if (!this.#writing.has(key)) this.#forget(key, version);
    this.#answered = undefined;
    this.#isSynced = true;
    this.#synced.resolve();
  }

  #watch(): ReturnType<typeof watch> {
    const { path, query, as } = this.#scope();
    const seconds = Math.round(watchSeconds.least + Math.random() * (watchSeconds.most - watchSeconds.least));
    const from: Record<string, string> =
      this.#resourceVersion === ''
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: this.#resourceVersion };
    return watch(this.#options.transport, {
      path,
      as,
      query: { ...query, ...from, timeoutSeconds: String(seconds) },
      accept: this.#options.metadataOnly ? metadataAccept : 'application/json',
      signal: this.#stop.signal,
    });
  }

  #scope(): Pick<WatchOptions, 'path' | 'query' | 'as'> {
    const { resource, namespace, selector, name, as } = this.#options;
    const query = {
      ...(selector === undefined ? {} : { labelSelector: selector }),
      ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
    };
    return { path: resourcePath(resource, { namespace }), query, as };
  }

  #selects({ metadata }: KubeObject): boolean {
    const { selector, namespace = metadata.namespace, name = metadata.name } = this.#options;
    return matchesLabels(selector, metadata.labels) && namespace === metadata.namespace && name === metadata.name;
  }

  /** The word of a list. It holds whatever the versions say, even if the API server's data was restored from a backup. */
  #hear(key: string, object: KubeObject | undefined, version: string): void {
    if (this.#answered?.has(key) === true) this.#observe(key, object, version);
    else this.#take(key, object, version);
  }

  /** An event or an answer, whichever of them comes first. */
  #observe(key: string, object: KubeObject | undefined, version: string): void {
    const known = this.#entries.get(key)?.resourceVersion ?? this.#gone.get(key);
    if (known === undefined || isNewer(version, known)) this.#take(key, object, version);
  }

  #take(key: string, object: KubeObject | undefined, version: string): void {
    const old = this.#entries.get(key);
    if (object === undefined) {
      if (this.#writing.has(key)) this.#gone.set(key, version);
      if (old === undefined) return;
      this.#entries.delete(key);
      return this.#tell({ type: 'deleted', key, old: old.value });
    }
    this.#gone.delete(key);
    if (old?.resourceVersion === version) return;
    const value = this.#options.reduce(this.#named(object));
    this.#entries.set(key, { value, resourceVersion: version });
    this.#tell({ type: old === undefined ? 'added' : 'modified', key, old: old?.value, new: value });
  }

  /** Nothing older than `reached` will come any more. */
  #forget(key: string, reached: string): void {
    const gone = this.#gone.get(key);
    if (gone !== undefined && !isNewer(gone, reached)) this.#gone.delete(key);
  }

  /** Items of a list have no kind, and metadata alone has another one. */
  #named(object: KubeObject): KubeObject {
    const { kind, group, version } = this.#options.resource;
    if (object.kind === kind) return object;
    return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind };
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

const versionOf = ({ metadata }: KubeObject): string => metadata.resourceVersion ?? '';

function cacheKey({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
