/** The exported revisions of one source on disk: published whole, the newest few kept, those in use never removed. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitMeta } from './mirror.ts';

/** What is remembered of a revision over a restart. */
export interface Shelved {
  readonly name: string;
  readonly meta: CommitMeta;
  readonly digest: string;
  /** Stands for the choice of files; '' when all are taken. */
  readonly mark: string;
  /** Name of the folder on this shelf. */
  readonly item: string;
  /** Address, ref and choice of files that led here. */
  readonly question: string;
  /** Commit that the remote's ref pointed at. */
  readonly answer: string;
}

interface State {
  readonly current: Shelved;
  /** Items, newest first. */
  readonly items: readonly string[];
}

/** Whether somebody works with the files of a folder. */
type InUse = (folder: string) => boolean;

interface Publishing {
  readonly listing: Buffer;
  readonly write: (folder: string) => Promise<void>;
  readonly inUse: InUse;
}

const stateFile = 'state.json';
const workPrefix = '.new-';

export class Shelf {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(item: string): string {
    return join(this.folder, item);
  }

  has(item: string): boolean {
    return existsSync(this.path(item)) && existsSync(this.#listing(item));
  }

  #listing(item: string): string {
    return `${this.path(item)}.list`;
  }

  async read(): Promise<State | undefined> {
    try {
      return JSON.parse(await readFile(join(this.folder, stateFile), 'utf8')) as State;
    } catch {
      // Missing, or cut short by a crash: the next fetch writes it anew.
      return undefined;
    }
  }

  readListing(item: string): Promise<Buffer> {
    return readFile(this.#listing(item));
  }

  /** Lets `write` fill a new folder, and puts it on the shelf in one step. */
  async publish(item: string, { listing, write, inUse }: Publishing): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    // Of runs that ended before theirs became current: where there is no room, it may be just what lacks.
    await this.#removeAllBut([item, ...((await this.read())?.items ?? [])], inUse);
    const work = await mkdtemp(join(this.folder, workPrefix));
    try {
      await write(work);
      await this.#replace(this.#listing(item), listing);
      await rm(this.path(item), { recursive: true, force: true });
      await rename(work, this.path(item));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  /** Makes the revision current, and removes what is neither among the newest `keep` nor in use. */
  async makeCurrent(current: Shelved, { keep, inUse }: { keep: number; inUse: InUse }): Promise<void> {
    const before = (await this.read())?.items ?? [];
    const items = [current.item, ...before.filter((item) => item !== current.item)];
    const kept = items.filter((item, index) => index < keep || inUse(this.path(item)));
    await this.#replace(join(this.folder, stateFile), JSON.stringify({ current, items: kept } satisfies State));
    await this.#removeAllBut(kept, inUse);
  }

  async #removeAllBut(items: readonly string[], inUse: InUse): Promise<void> {
    const keeps = (name: string): boolean => {
      const item = name.replace(/\.list$/, '');
      return name === stateFile || items.includes(item) || inUse(this.path(item));
    };
    const doomed = (await readdir(this.folder)).filter((name) => !keeps(name));
    await Promise.all(doomed.map((name) => rm(join(this.folder, name), { recursive: true, force: true })));
  }

  async #replace(file: string, content: string | Buffer): Promise<void> {
    const work = `${file}.tmp`;
    try {
      await writeFile(work, content);
      await rename(work, file);
    } finally {
      await rm(work, { force: true });
    }
  }
}
