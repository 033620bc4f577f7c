/** One piece of work a key at a time, in the order of arrival. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<R>(key: string, work: () => Promise<R>): Promise<R> {
    const before = this.#last.get(key);
    const mine = before === undefined ? work() : before.then(work);
    const done = mine.then(nothing, nothing);
    this.#last.set(key, done);
    void done.then(() => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    });
    return mine;
  }
}

const nothing = (): void => undefined;
