/** Which watch events are older than the answer of a write in flight, told by equality of resourceVersions alone. */

interface Held<O> {
  readonly version: string;
  readonly object: O;
}

interface Pending<O> {
  /** Writes in flight for the key. */
  inFlight: number;
  /** Events that came meanwhile, oldest first. */
  held: Held<O>[];
  /** After the answer: events are older than it until this version shows up. */
  awaited: string | undefined;
}

export class PendingWrites<O> {
  readonly #pending = new Map<string, Pending<O>>();

  begin(key: string): void {
    const pending = this.#pending.get(key) ?? { inFlight: 0, held: [], awaited: undefined };
    pending.inFlight += 1;
    this.#pending.set(key, pending);
  }

  /** True when the event is kept back or dropped; false when the cache may show it. */
  holds(key: string, object: O, version: string): boolean {
    const pending = this.#pending.get(key);
    if (pending === undefined) return false;
    if (pending.inFlight > 0) {
      pending.held.push({ version, object });
      return true;
    }
    // The stream is in order: until the awaited version shows up, everything, deletions too, is older than the answer.
    if (version !== pending.awaited) return true;
    this.#pending.delete(key);
    return false;
  }

  /** What the cache shows once the answer is there, oldest first. `known` is the version it shows now. */
  finish(key: string, version: string, answer: O, known: string | undefined): O[] {
    const pending = this.#pending.get(key);
    if (pending === undefined) return [answer];
    pending.inFlight -= 1;
    const position = pending.held.findIndex((held) => held.version === version);
    if (position >= 0 || version === known) {
      // The watch has shown the answer already: what it showed afterwards is newer.
      const newer = pending.held.slice(position < 0 ? 0 : position + 1).map(({ object }) => object);
      this.#settle(key, pending, undefined);
      return version === known ? newer : [answer, ...newer];
    }
    this.#settle(key, pending, version);
    return [answer];
  }

  /** The write failed: what was held back is shown as it came. */
  abandon(key: string): O[] {
    const pending = this.#pending.get(key);
    if (pending === undefined) return [];
    pending.inFlight -= 1;
    const held = pending.held.map(({ object }) => object);
    this.#settle(key, pending, pending.awaited);
    return held;
  }

  /** A fresh list is newer than every answer that came before it. */
  relisted(): void {
    for (const [key, pending] of this.#pending) if (pending.inFlight === 0) this.#pending.delete(key);
  }

  #settle(key: string, pending: Pending<O>, awaited: string | undefined): void {
    pending.held = [];
    pending.awaited = awaited;
    if (pending.inFlight === 0 && awaited === undefined) this.#pending.delete(key);
  }
}
