/** Which run may begin: each reserves the memory that it may take, in the order of arrival, so that none waits for ever. */
import { failure } from '#runtime';

export interface Asking {
  readonly signal: AbortSignal;
  /** There is no room at once. */
  readonly onWait?: () => void;
}

interface Waiter {
  readonly mib: number;
  readonly admit: () => void;
}

export class Admission {
  readonly totalMiB: number;
  #reservedMiB = 0;
  #going = 0;
  readonly #waiting = new Set<Waiter>();

  constructor(totalMiB: number) {
    this.totalMiB = totalMiB;
  }

  get reservedMiB(): number {
    return this.#reservedMiB;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs that have been let in. */
  get going(): number {
    return this.#going;
  }

  /** @throws Failure ConfigInvalid for a run that could wait for ever */
  assertFits(mib: number): void {
    if (mib <= this.totalMiB) return;
    throw failure('ConfigInvalid', {
      where: 'spec.pulumi.memoryMiB',
      what: `a run of this stack takes ${mib} MiB with its engine`,
      expected: `at most the ${this.totalMiB} MiB that the operator has for all runs`,
      remedy: 'give the operator more (`plumbline install --memory`, or its flag --pulumi-memory), or lower the field',
    });
  }

  /** Resolves when there is room; disposing gives it back. @throws Failure ConfigInvalid when there never will be */
  async take(mib: number, { signal, onWait }: Asking): Promise<Disposable> {
    signal.throwIfAborted();
    this.assertFits(mib);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { mib, admit: resolve };
    const leave = (): void => {
      if (!this.#waiting.delete(waiter)) return;
      reject(signal.reason as Error);
      this.#admit();
    };
    this.#waiting.add(waiter);
    this.#admit();
    if (this.#waiting.has(waiter)) onWait?.();
    signal.addEventListener('abort', leave, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', leave));
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#release(mib);
        held = false;
      },
    };
  }

  /** A large one at the head of the row is not overtaken by small ones. */
  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#reservedMiB + waiter.mib > this.totalMiB) return;
      this.#waiting.delete(waiter);
      this.#reservedMiB += waiter.mib;
      this.#going += 1;
      waiter.admit();
    }
  }

  #release(mib: number): void {
    this.#reservedMiB -= mib;
    this.#going -= 1;
    this.#admit();
  }
}
