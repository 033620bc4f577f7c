/** Folders of installed packages by content: each is made once, shared by all runs, and goes when it was not used for longest. */
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#runtime';

/** Written last into an entry: how much it takes. */
const sizeFile = '.plumbline-size';

export interface CacheOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly maxBytes: number;
}

export interface CacheEntry extends AsyncDisposable {
  readonly folder: string;
}

export class ModuleCache {
  readonly #entries: string;
  readonly #staging: string;
  readonly #options: CacheOptions;
  readonly #uses = new Map<string, number>();
  readonly #making = new Map<string, Promise<void>>();
  #made = 0;

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#entries = join(options.folder, 'modules');
    this.#staging = join(options.folder, 'staging');
  }

  /** Removes what an earlier process began and did not end. */
  async clear(): Promise<void> {
    await rm(this.#staging, { recursive: true, force: true });
  }

  /** The entry, made by `make` in an empty folder when it is not there; it stays until it is disposed of. */
  async take(key: string, make: (folder: string) => Promise<void>): Promise<CacheEntry> {
    const folder = join(this.#entries, key);
    this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
    try {
      if (!(await isThere(folder))) await this.#makeOnce(key, make);
      const now = new Date(this.#options.clock.now());
      await utimes(folder, now, now);
    } catch (error) {
      this.#leave(key);
      throw error;
    }
    return { folder, [Symbol.asyncDispose]: () => Promise.resolve(this.#leave(key)) };
  }

  /** Resolves when nothing is being made. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#making.values());
  }

  #leave(key: string): void {
    const left = (this.#uses.get(key) ?? 1) - 1;
    if (left > 0) this.#uses.set(key, left);
    else this.#uses.delete(key);
  }

  /** Whoever asks while it is being made gets the same. */
  #makeOnce(key: string, make: (folder: string) => Promise<void>): Promise<void> {
    const making = this.#making.get(key);
    if (making !== undefined) return making;
    const made = this.#make(key, make).finally(() => this.#making.delete(key));
    this.#making.set(key, made);
    return made;
  }

  async #make(key: string, make: (folder: string) => Promise<void>): Promise<void> {
    const folder = join(this.#staging, `${key}-${(this.#made += 1)}`);
    await using _staged = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
    await mkdir(folder, { recursive: true });
    await make(folder);
    await writeFile(join(folder, sizeFile), String(await sizeOf(folder)));
    await mkdir(this.#entries, { recursive: true });
    // Whole, or not at all.
    await rename(folder, join(this.#entries, key));
    await this.shrink(this.#options.maxBytes);
  }

  /** Removes what was not used for longest until the rest fits; never what a run uses. */
  async shrink(maxBytes: number): Promise<void> {
    const entries = await this.#list();
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const { key, bytes: own } of entries.sort((a, b) => a.usedMs - b.usedMs)) {
      if (bytes <= maxBytes) return;
      if (this.#uses.has(key)) continue;
      const doomed = join(this.#staging, `${key}-${(this.#made += 1)}`);
      await mkdir(this.#staging, { recursive: true });
      await rename(join(this.#entries, key), doomed);
      await rm(doomed, { recursive: true, force: true });
      bytes -= own;
    }
  }

  async #list(): Promise<{ key: string; bytes: number; usedMs: number }[]> {
    const keys = await readdir(this.#entries).catch(() => []);
    return Promise.all(
      keys.map(async (key) => {
        const folder = join(this.#entries, key);
        const [size, { mtimeMs }] = await Promise.all([readFile(join(folder, sizeFile), 'utf8'), stat(folder)]);
        return { key, bytes: Number(size), usedMs: mtimeMs };
      }),
    );
  }
}

const isThere = (folder: string): Promise<boolean> =>
  stat(folder).then(
    () => true,
    () => false,
  );

/** Bytes on the disk, counting what each file and folder takes. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).blocks * 512;
  }
  return bytes;
}
