/** Which key is worked on next: each key once, one run a key at a time, so many runs at once, later keys by the clock. */
import type { Clock } from './clock.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Runs at once. */
  readonly concurrency: number;
  /** A bound over this queue and others. */
  readonly shared?: SharedLimit | undefined;
  /** Errors are the worker's own business: the queue goes on, and does not try the key again by itself. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>;
  readonly onError?: (key: string, error: unknown) => void;
  readonly onDepth?: (depth: number) => void;
}

/** So many runs at once over several queues, which are served in turn. */
export class SharedLimit {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#free = limit;
  }

  /** False when all is taken; `again` is then called once when something is free. */
  take(again: () => void): boolean {
    if (this.#free === 0) {
      this.#waiting.add(again);
      return false;
    }
    this.#free -= 1;
    return true;
  }

  release(): void {
    this.#free += 1;
    for (const again of this.#waiting) {
      if (this.#free === 0) break;
      this.#waiting.delete(again);
      again();
    }
  }
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, AbortController>();
  /** Keys that were added while they ran. */
  readonly #again = new Set<string>();
  readonly #later = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  readonly #pumpAgain = (): void => this.#pump();
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Adds a key now, or in `afterMs`; of two times the earlier one counts. */
  add(key: string, afterMs = 0): void {
    if (this.#closed) return;
    if (afterMs > 0) return this.#addLater(key, afterMs);
    this.#later.get(key)?.cancel();
    this.#later.delete(key);
    if (this.#running.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#pump();
  }

  /** Aborts the run in hand and runs the key anew; a key that does not run is added. */
  interrupt(key: string, reason: Error): void {
    // The run in hand is looked up first: adding an idle key starts a run that must not be aborted.
    const run = this.#running.get(key);
    this.add(key);
    run?.abort(reason);
  }

  /** Forgets everything planned for a key; a run in hand goes on. */
  forget(key: string): void {
    this.#waiting.delete(key);
    this.#again.delete(key);
    this.#later.get(key)?.cancel();
    this.#later.delete(key);
  }

  get depth(): number {
    return this.#waiting.size + this.#again.size;
  }

  get idle(): boolean {
    return this.#waiting.size + this.#running.size === 0;
  }

  /** Takes no more keys; waits for the runs in hand, and aborts them after `graceMs`. */
  async close(graceMs: number, reason: Error): Promise<void> {
    this.#closed = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
    if (this.#running.size === 0) return;
    const cancel = this.#options.clock.after(graceMs, () => this.#running.forEach((run) => run.abort(reason)));
    await new Promise<void>((resolve) => this.#idle.push(resolve));
    cancel();
  }

  #addLater(key: string, afterMs: number): void {
    const at = this.#options.clock.now() + afterMs;
    const planned = this.#later.get(key);
    if (this.#waiting.has(key) || (planned !== undefined && planned.at <= at)) return;
    planned?.cancel();
    const cancel = this.#options.clock.after(afterMs, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { at, cancel });
  }

  #pump(): void {
    const { concurrency, shared, onDepth } = this.#options;
    for (const key of this.#waiting) {
      if (this.#running.size >= concurrency || shared?.take(this.#pumpAgain) === false) break;
      this.#waiting.delete(key);
      void this.#run(key);
    }
    onDepth?.(this.depth);
  }

  async #run(key: string): Promise<void> {
    const { work, onError, shared } = this.#options;
    const run = new AbortController();
    this.#running.set(key, run);
    try {
      // Keys are added from within watches and wiring: what they set off starts only when those are done.
      await Promise.resolve();
      if (!run.signal.aborted) await work(key, run.signal);
    } catch (error) {
      onError?.(key, error);
    } finally {
      this.#running.delete(key);
      if (this.#again.delete(key) && !this.#closed) this.#waiting.add(key);
      shared?.release();
      this.#pump();
      if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }
}
