/** Objects of a kind as they are now, to wait on without asking: what is measured is not slowed by who measures. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchCache, type KubeObject, type Resource, type Transport } from '#kube';
import { createLog, systemClock } from '#runtime';

const minuteMs = 60_000;

export class Watched implements AsyncDisposable {
  readonly #cache: WatchCache<KubeObject>;

  private constructor(cache: WatchCache<KubeObject>) {
    this.#cache = cache;
  }

  static async open(transport: Transport, resource: Resource, namespace?: string): Promise<Watched> {
    const log = createLog({ level: 'error', clock: systemClock });
    const place = namespace === undefined ? {} : { namespace };
    const cache = new WatchCache({
      transport,
      resource,
      ...place,
      reduce: (object) => object,
      clock: systemClock,
      log,
    });
    await cache.start();
    return new Watched(cache);
  }

  /** `namespace/name` */
  get(key: string): KubeObject | undefined {
    return this.#cache.get(key);
  }

  get size(): number {
    return this.#cache.size;
  }

  all(): KubeObject[] {
    return [...this.#cache.entries()].map(([, object]) => object);
  }

  /** Asks now and after every event until there is an answer. @throws Error when there is none in that time. */
  until<T>(what: string, check: () => T | undefined, withinMs = minuteMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const first = check();
      if (first !== undefined) return resolve(first);
      const timer = setTimeout(
        () =>
          end(() =>
            reject(
              new Error(`not seen within ${withinMs} ms: ${what}; now: ${JSON.stringify(this.all()).slice(0, 3000)}`),
            ),
          ),
        withinMs,
      );
      const subscription = this.#cache.subscribe(() => {
        const found = check();
        if (found !== undefined) end(() => resolve(found));
      });
      function end(tell: () => void): void {
        clearTimeout(timer);
        subscription[Symbol.dispose]();
        tell();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cache[Symbol.asyncDispose]();
  }
}

/** For what no watch shows. @throws Error when the check does not hold in that time. */
export async function eventually(
  what: string,
  check: () => Promise<boolean | undefined>,
  withinMs = minuteMs,
): Promise<void> {
  const started = performance.now();
  while ((await check()) !== true) {
    if (performance.now() - started > withinMs) throw new Error(`not seen within ${withinMs} ms: ${what}`);
    await sleep(5);
  }
}

interface Ours {
  readonly metadata: { readonly generation?: number };
  readonly status?: {
    readonly applied?: { readonly commit: string };
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly observedGeneration?: number;
    }[];
  };
}

/** Whether one of our objects is Ready as it stands; at the given commit, when there is one. */
export function isReady(object: KubeObject | undefined, commit?: string): boolean {
  const { metadata, status } = (object ?? { metadata: {} }) as unknown as Ours;
  if (commit !== undefined && status?.applied?.commit !== commit) return false;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
}
