/** The folder of plugins that all runs share: ours are put there, official ones that are there already are used. */
import { mkdir } from 'node:fs/promises';
import { placePlugins, versions } from '#plugins';
import { Turns } from '#runtime';

export class Plugins {
  readonly folder: string;
  readonly #placed = new Set<string>();
  readonly #turns = new Turns();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** With the provider in these versions, too. */
  place(providers: readonly string[]): Promise<void> {
    return this.#turns.take(this.folder, async () => {
      const missing = [versions.kubernetes, ...providers].filter((version) => !this.#placed.has(version));
      if (missing.length === 0) return;
      await mkdir(this.folder, { recursive: true });
      await placePlugins(this.folder, missing);
      for (const version of missing) this.#placed.add(version);
    });
  }
}
