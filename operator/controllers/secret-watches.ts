/** Watches of the Secrets that sources name, and of no others: one each, of its metadata alone, shared by the sources. */
import { WatchCache, type Resource, type Transport } from '#kube';
import type { Clock, Log } from '#runtime';

export interface SecretWatchesOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of every version that a followed Secret has (undefined: it is gone), the first one too. */
  readonly changed: (source: string, version: string | undefined) => void;
}

export interface NamedSecret {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

interface SecretWatch {
  readonly cache: WatchCache<string>;
  readonly sources: Set<string>;
}

export class SecretWatches implements AsyncDisposable {
  readonly #options: SecretWatchesOptions;
  /** By `namespace/name` of the Secret. */
  readonly #watches = new Map<string, SecretWatch>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: SecretWatchesOptions) {
    this.#options = options;
  }

  /** A source follows one Secret at a time. */
  follow(source: string, secret: NamedSecret): void {
    const key = `${secret.namespace}/${secret.name}`;
    if (this.#watches.get(key)?.sources.has(source) === true) return;
    this.release(source);
    const open = this.#watches.get(key) ?? this.#open(key, secret);
    open.sources.add(source);
  }

  release(source: string): void {
    for (const [key, { cache, sources }] of this.#watches) {
      if (!sources.delete(source) || sources.size > 0) continue;
      this.#watches.delete(key);
      const closed = cache[Symbol.asyncDispose]();
      this.#closing.add(closed);
      void closed.finally(() => this.#closing.delete(closed));
    }
  }

  /** '' when the Secret does not exist; undefined while nobody can tell, because it is not followed or may not be watched. */
  version(key: string): string | undefined {
    const cache = this.#watches.get(key)?.cache;
    return cache?.synced === true ? (cache.get(key) ?? '') : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { sources } of [...this.#watches.values()]) for (const source of [...sources]) this.release(source);
    await Promise.all(this.#closing);
  }

  #open(key: string, { resource, namespace, name }: NamedSecret): SecretWatch {
    const { transport, clock, log, changed } = this.#options;
    const sources = new Set<string>();
    const cache = new WatchCache<string>({
      transport,
      resource,
      namespace,
      name,
      metadataOnly: true,
      reduce: ({ metadata }) => metadata.resourceVersion ?? '',
      clock,
      log,
    });
    cache.subscribe(({ new: version }) => [...sources].forEach((source) => changed(source, version)));
    // It retries for ever by itself; a watch that is closed before its first list is nobody's loss.
    cache.start().catch(() => undefined);
    const opened = { cache, sources };
    this.#watches.set(key, opened);
    return opened;
  }
}
