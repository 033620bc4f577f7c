/** What has been told of drift that is only told: an object is compared again when it has changed, and told when that says something else. */
import type { ObjectKey } from '#kube';

interface Told {
  readonly version: string;
  readonly text: string;
}

/** By stack: `namespace/name`. */
export class ToldDrift {
  readonly #told = new Map<string, Map<ObjectKey, Told>>();

  /** Those of the objects that drift which have changed since they were compared last; forgets what drifts no more. */
  changed<T extends { readonly key: ObjectKey }>(
    stack: string,
    drifting: readonly T[],
    versionOf: (key: ObjectKey) => string,
  ): T[] {
    const told = this.#told.get(stack);
    if (told === undefined) return [...drifting];
    const keys = new Set(drifting.map(({ key }) => key));
    for (const key of told.keys()) if (!keys.has(key)) told.delete(key);
    return drifting.filter(({ key }) => told.get(key)?.version !== versionOf(key));
  }

  /** Notes what a comparison has found. @returns whether that has not been told yet */
  note(stack: string, key: ObjectKey, version: string, found: unknown): boolean {
    const told = this.#told.get(stack) ?? new Map<ObjectKey, Told>();
    const text = JSON.stringify(found);
    const isNews = told.get(key)?.text !== text;
    this.#told.set(stack, told.set(key, { version, text }));
    return isNews;
  }

  forget(stack: string): void {
    this.#told.delete(stack);
  }
}
