/** The board: which revision every source is at, for the stacks that read it. */
import type { Revision } from '#values';

type Listener = (source: string, revision: Revision) => void;

export class Revisions {
  readonly #current = new Map<string, Revision>();
  readonly #listeners = new Set<Listener>();

  /** By `namespace/name` of the source; undefined until its first revision is known. */
  current(source: string): Revision | undefined {
    return this.#current.get(source);
  }

  /** Puts a revision up; listeners hear of it when it is another one than before. */
  set(source: string, revision: Revision): void {
    if (this.#current.get(source) === revision) return;
    this.#current.set(source, revision);
    for (const listener of [...this.#listeners]) listener(source, revision);
  }

  /** Takes a deleted source down. */
  delete(source: string): void {
    this.#current.delete(source);
  }

  subscribe(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
