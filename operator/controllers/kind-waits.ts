/** Stacks that wait for a kind: woken when the API server serves it, however late discovery shows it. */
import { parseKey, type Discovery, type ObjectKey } from '#kube';
import { backoffMs, type Clock, type Log } from '#runtime';

export interface KindWaitsOptions {
  readonly discovery: Pick<Discovery, 'resource' | 'invalidate'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly wake: (stack: string) => void;
}

/** Discovery follows a definition within a second or so, and no event tells when: so it is asked again, for a while. */
const again = { firstMs: 100, longestMs: 5000 };
const mostLooks = 10;

export class KindWaits {
  readonly #options: KindWaitsOptions;
  readonly #waiters = new Map<string, Set<string>>();
  #cancel: (() => void) | undefined;

  constructor(options: KindWaitsOptions) {
    this.#options = options;
  }

  /** Notes that a stack waits for kinds (`Kind.group`). What discovery said of them is not believed a second time. */
  add(stack: string, kinds: ReadonlySet<string>): void {
    if (kinds.size === 0) return;
    this.#options.discovery.invalidate();
    for (const kind of kinds) this.#waiters.set(kind, (this.#waiters.get(kind) ?? new Set()).add(stack));
  }

  forget(stack: string): void {
    for (const [kind, waiters] of this.#waiters) {
      waiters.delete(stack);
      if (waiters.size === 0) this.#waiters.delete(kind);
    }
  }

  /** A definition came, changed or went: looks for the kinds waited for now, and again until discovery has caught up. */
  async definitionsChanged(): Promise<void> {
    await this.#look(1);
  }

  async #look(attempt: number): Promise<void> {
    const { discovery, clock, log, wake } = this.#options;
    this.#cancel?.();
    this.#cancel = undefined;
    discovery.invalidate();
    for (const [kind, waiters] of [...this.#waiters]) {
      if ((await discovery.resource(parseKey(`${kind}/any` as ObjectKey))) === undefined) continue;
      this.#waiters.delete(kind);
      for (const stack of waiters) wake(stack);
    }
    if (this.#waiters.size === 0 || attempt >= mostLooks) return;
    this.#cancel = clock.after(backoffMs(attempt, again, Math.random), () => {
      this.#look(attempt + 1).catch((error: unknown) => log.warn('discovery failed', { error }));
    });
  }
}
