/** Live objects as a watch shows them; `refusal` tells when we may not look. */
import { ApiError, WatchCache, type KubeObject, type Resource } from '#kube';
import { createLog, systemClock } from '#runtime';
import type { Session } from './session.ts';

interface Subject {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** One object, or all that a label selector finds. */
  readonly name?: string;
  readonly selector?: string;
}

/** A watch that is cut is opened again, and no news for a reader of the run. */
const log = createLog({ level: 'error', clock: systemClock });

/** The account has no right to look; nothing that passes by itself. */
const refused: ReadonlySet<number> = new Set([401, 403]);

export class Watched implements AsyncDisposable {
  readonly #cache: WatchCache<KubeObject>;
  readonly #subscription: Disposable;
  readonly #refused = Promise.withResolvers<void>();
  #refusal: ApiError | undefined;

  private constructor(cache: WatchCache<KubeObject>, onChange: () => void) {
    this.#cache = cache;
    this.#subscription = cache.subscribe(onChange);
  }

  /** Comes back when the first list is complete, or refused. `onChange` is called at every event. */
  static async open({ cluster }: Session, subject: Subject, onChange: () => void): Promise<Watched> {
    const { resource, namespace, name, selector } = subject;
    const cache = new WatchCache<KubeObject>({
      transport: await cluster.transport(),
      resource,
      ...(resource.namespaced && namespace !== undefined ? { namespace } : {}),
      ...(name === undefined ? {} : { name }),
      ...(selector === undefined ? {} : { selector }),
      reduce: (object) => object,
      clock: systemClock,
      log,
      onFailure: (error) => watched.#note(error),
    });
    const watched = new Watched(cache, onChange);
    await Promise.race([cache.start(), watched.#refused.promise]);
    return watched;
  }

  get objects(): KubeObject[] {
    return [...this.#cache.entries()].map(([, object]) => object);
  }

  get refusal(): ApiError | undefined {
    return this.#refusal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await this.#cache[Symbol.asyncDispose]();
  }

  #note(error: unknown): void {
    if (!(error instanceof ApiError) || !refused.has(error.status)) return;
    this.#refusal = error;
    this.#refused.resolve();
  }
}
