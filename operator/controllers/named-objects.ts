/** Watches objects that stacks name and do not own, for their health or their content: one watch an object and account. */
import {
  apiFailure,
  kindName,
  parseKey,
  WatchCache,
  type Account,
  type Discovery,
  type KubeObject,
  type ObjectKey,
  type Transport,
} from '#kube';
import { failure, type Clock, type Failure, type Log } from '#runtime';
import type { Health } from '#values';

export interface NamedObjectsOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly log: Log;
  readonly wake: (stack: string) => void;
}

interface Watched {
  readonly cache: WatchCache<KubeObject>;
  readonly users: Set<string>;
  /** Resolves when the object has been looked for, found or not, or the API server has refused to show it. */
  readonly looked: Promise<void>;
  refused: Failure | undefined;
}

export interface NamedRequest {
  readonly stack: string;
  /** Whose rights count: a stack must not learn of an object what its account may not see. */
  readonly as: Account;
  readonly keys: readonly ObjectKey[];
}

export class NamedObjects implements AsyncDisposable {
  readonly #options: NamedObjectsOptions;
  readonly #watches = new Map<string, Watched>();

  constructor(options: NamedObjectsOptions) {
    this.#options = options;
  }

  /** Watches exactly these for the stack. @returns kinds (`Kind.group`) that the API server does not serve. */
  async observe({ stack, as, keys }: NamedRequest): Promise<Set<string>> {
    const unknown = new Set<string>();
    const wanted = new Set<string>();
    for (const key of keys) {
      const id = idOf(as, key);
      wanted.add(id);
      const watched = this.#watches.get(id) ?? (await this.#open(id, as, key));
      if (watched === undefined) unknown.add(kindName(parseKey(key)));
      else {
        watched.users.add(stack);
        await watched.looked;
      }
    }
    await this.#release(stack, wanted);
    return unknown;
  }

  forget(stack: string): Promise<void> {
    return this.#release(stack, new Set());
  }

  /** @param judge tells the health of an object that is there. */
  healthOf(as: Account, key: ObjectKey, judge: (object: KubeObject) => Health): Health {
    const watched = this.#watches.get(idOf(as, key));
    if (watched === undefined) return { status: 'inProgress', message: 'the API server does not know its kind' };
    const [first] = watched.cache.entries();
    if (first !== undefined) return judge(first[1]);
    return { status: 'inProgress', message: watched.refused?.message ?? 'it does not exist' };
  }

  /** The object as it is. @throws Failure when it does not exist, or the account may not see it */
  read(as: Account, key: ObjectKey): KubeObject {
    const watched = this.#watches.get(idOf(as, key));
    const [first] = watched?.cache.entries() ?? [];
    if (first !== undefined) return first[1];
    const refused = watched?.refused;
    if (refused !== undefined) throw refused;
    throw failure('ValueNotFound', { what: `${key} does not exist`, remedy: 'create it, or correct its name' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#watches.values()].map(({ cache }) => cache[Symbol.asyncDispose]()));
  }

  async #open(id: string, as: Account, key: ObjectKey): Promise<Watched | undefined> {
    const { transport, discovery, clock, log, wake } = this.#options;
    const { group, kind, namespace, name } = parseKey(key);
    const resource = await discovery.resource({ group, kind });
    const known = this.#watches.get(id);
    if (resource === undefined || known !== undefined) return known;
    const refused = Promise.withResolvers<void>();
    const cache = new WatchCache<KubeObject>({
      transport,
      resource,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      as,
      reduce: withoutManagers,
      clock,
      log,
      onFailure: (error) => {
        watched.refused = apiFailure(error, { verb: 'watch', key, as });
        refused.resolve();
      },
    });
    const watched: Watched = {
      cache,
      users: new Set(),
      looked: Promise.race([cache.start(), refused.promise]),
      refused: undefined,
    };
    this.#watches.set(id, watched);
    cache.subscribe(() => {
      watched.refused = undefined;
      for (const user of watched.users) wake(user);
    });
    return watched;
  }

  async #release(stack: string, wanted: ReadonlySet<string>): Promise<void> {
    for (const [id, { cache, users }] of this.#watches) {
      if (wanted.has(id) || !users.delete(stack) || users.size > 0) continue;
      this.#watches.delete(id);
      await cache[Symbol.asyncDispose]();
    }
  }
}

const idOf = ({ namespace, name }: Account, key: ObjectKey): string => `${namespace}/${name} ${key}`;

/** The bulk of an object, and nothing that health depends on. */
function withoutManagers(object: KubeObject): KubeObject {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
