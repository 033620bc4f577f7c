/** Which watch events are older than the answer of a write, told by equality of resourceVersions alone. */

interface Held<O> {
  readonly version: string;
  readonly object: O;
}

interface Pending<O> {
  inFlight: boolean;
  /** Events that came meanwhile, oldest first. */
  held: Held<O>[];
  /** After the answer: events are older than it until this version shows up. */
  awaited: string | undefined;
  /** A list that was asked for after the answer is on its way: its last word on the key counts. */
  collecting: boolean;
  /** A list ran while the write did: which of the two is newer cannot be told. */
  overlapped: boolean;
  /** The answer did not show up in that list, and may never: only reading the object can tell. */
  doubtful: boolean;
}

/** Writes of one key come one after the other; the caller sees to that. */
export class PendingWrites<O> {
  readonly #pending = new Map<string, Pending<O>>();
  #listing = false;

  begin(key: string): void {
    const pending = this.#pending.get(key) ?? idle<O>();
    pending.inFlight = true;
    pending.overlapped = this.#listing;
    this.#pending.set(key, pending);
  }

  /** True when the event is kept back or dropped; false when the cache may show it. */
  holds(key: string, object: O, version: string): boolean {
    const pending = this.#pending.get(key);
    if (pending === undefined) return false;
    const arrived = version === pending.awaited && !pending.inFlight;
    if (arrived) this.#pending.delete(key);
    else if (pending.inFlight || pending.doubtful || pending.collecting) pending.held.push({ version, object });
    // The stream is in order: until the awaited version shows up, everything, deletions too, is older than the answer.
    return !arrived;
  }

  /** What the cache shows once the answer is there, oldest first. `known` is the version it shows now. */
  finish(key: string, version: string, answer: O, known: string | undefined): { show: O[]; doubtful: boolean } {
    const pending = this.#pending.get(key);
    if (pending === undefined) return { show: [answer], doubtful: false };
    const position = pending.held.findIndex((held) => held.version === version);
    // Nothing was written: what is awaited since the write before, or held back, stays as it is.
    if (position < 0 && version === known) return { show: this.abandon(key), doubtful: false };
    pending.inFlight = false;
    if (position >= 0) {
      // The watch has shown the answer already: what it showed afterwards is newer.
      this.#pending.delete(key);
      return { show: [answer, ...pending.held.slice(position + 1).map(({ object }) => object)], doubtful: false };
    }
    const doubtful = pending.overlapped;
    this.#pending.set(key, { ...idle(), awaited: version, doubtful, held: doubtful ? pending.held : [] });
    return { show: [answer], doubtful };
  }

  /** The write failed, or changed nothing: what came meanwhile is shown, unless it is older than the answer before. */
  abandon(key: string): O[] {
    const pending = this.#pending.get(key);
    if (pending === undefined) return [];
    pending.inFlight = false;
    if (pending.collecting && this.#listing) return [];
    const position = pending.held.findIndex(({ version }) => version === pending.awaited);
    if (pending.awaited !== undefined && position < 0) {
      pending.held = [];
      return [];
    }
    this.#pending.delete(key);
    const newer = pending.held.slice(position + 1).map(({ object }) => object);
    return pending.collecting ? newer.slice(-1) : newer;
  }

  /** A list is about to be asked for: it will be newer than every answer that is here already. */
  listing(): void {
    this.#listing = true;
    for (const [key, pending] of this.#pending) {
      const { inFlight, awaited, collecting } = pending;
      if (awaited === undefined && !collecting) pending.overlapped = true;
      else this.#pending.set(key, { ...idle(), inFlight, overlapped: inFlight, collecting: true });
    }
  }

  /** The list is complete: its word on the keys whose answers it waited for. */
  listed(): [string, O][] {
    this.#listing = false;
    const words: [string, O][] = [];
    for (const [key, { collecting, inFlight, held }] of this.#pending) {
      if (!collecting || inFlight) continue;
      this.#pending.delete(key);
      for (const { object } of held.slice(-1)) words.push([key, object]);
    }
    return words;
  }

  keys(): Iterable<string> {
    return this.#pending.keys();
  }

  isDoubtful(key: string): boolean {
    return this.#pending.get(key)?.doubtful ?? false;
  }

  /**
   * What the cache shows after the object was read, once the list was complete. A version that is not among the events
   * since the list is newer than them all, so its event is still to come. Gone: version '' and what stands for no object.
   */
  resolve(key: string, version: string, object: O): O[] {
    const pending = this.#pending.get(key);
    if (pending?.doubtful !== true) return [];
    const { held } = pending;
    const position = held.findIndex((one) => one.version === version);
    if (version !== '' && position < 0) {
      this.#pending.set(key, { ...idle(), awaited: version });
      return [object];
    }
    this.#pending.delete(key);
    if (version === '') return [held.at(-1)?.object ?? object];
    return held.slice(position).map((one) => one.object);
  }
}

const idle = <O>(): Pending<O> => ({
  inFlight: false,
  held: [],
  awaited: undefined,
  collecting: false,
  overlapped: false,
  doubtful: false,
});
