/** What has been told of drift that is only told: an object is compared again when it has changed, and told when that says something else. */
import type { ObjectKey } from '#kube';

interface Told {
  readonly version: string;
  readonly text: string;
}

export class ToldDrift {
  readonly #told = new Map<ObjectKey, Told>();

  /** Whether the object is another one than when it was compared last; `version`: of the live object. */
  isNew(key: ObjectKey, version: string): boolean {
    return this.#told.get(key)?.version !== version;
  }

  /** Notes what a comparison has found. @returns whether that has not been told yet */
  note(key: ObjectKey, version: string, found: unknown): boolean {
    const text = JSON.stringify(found);
    const isNews = this.#told.get(key)?.text !== text;
    this.#told.set(key, { version, text });
    return isNews;
  }
}
