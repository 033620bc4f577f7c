/** Where the data folder keeps what: mirrors and revisions by source and address, and short-lived homes of git runs. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const digestLength = 16;
const shortDigest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, digestLength);

/** The source's part comes first, so that all of one source's folders are found. */
const nameOf = (key: string, url: string): string => `${shortDigest(key)}-${shortDigest(url)}`;

export class Folders {
  readonly root: string;
  readonly #script: string;
  #homes: Promise<string> | undefined;

  constructor(root: string, script: string) {
    this.root = resolve(root);
    this.#script = script;
  }

  mirror(key: string, url: string): string {
    return join(this.root, 'mirrors', nameOf(key, url));
  }

  /** Mirror of a submodule's repository, beside that of the source. */
  moduleMirror(mirror: string, url: string): string {
    return join(`${mirror}.modules`, shortDigest(url));
  }

  revisions(key: string, url: string): string {
    return join(this.root, 'revisions', nameOf(key, url));
  }

  /** The revision folders of a source, for every address that it had. */
  async allRevisions(key: string): Promise<string[]> {
    const root = join(this.root, 'revisions');
    const names = await readdir(root).catch(() => []);
    return names.filter((name) => name.startsWith(`${shortDigest(key)}-`)).map((name) => join(root, name));
  }

  /** What git is started by. */
  get script(): string {
    return join(this.root, 'git.sh');
  }

  /** Parent of the homes, emptied once: a process that was killed left credentials there. */
  homes(): Promise<string> {
    return (this.#homes ??= this.#makeHomes().catch((error: unknown) => {
      // A disk that is full now need not be for ever.
      this.#homes = undefined;
      throw error;
    }));
  }

  async #makeHomes(): Promise<string> {
    const folder = join(this.root, 'homes');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(this.script, this.#script);
    return folder;
  }

  /** Removes what a source left under other addresses than `url` (undefined: under all), unless it is in use; how many folders that left. */
  async sweep(key: string, url: string | undefined, inUse: () => readonly string[]): Promise<number> {
    const keep = url === undefined ? '' : nameOf(key, url);
    const isOld = (name: string): boolean =>
      name.startsWith(`${shortDigest(key)}-`) && name.replace(/\.modules$/, '') !== keep;
    return this.#remove(isOld, inUse);
  }

  /** Removes what sources other than these left. */
  async keepOnly(keys: readonly string[]): Promise<void> {
    const known = new Set(keys.map(shortDigest));
    await this.#remove(
      (name) => !known.has(name.slice(0, digestLength)),
      () => [],
    );
  }

  async #remove(isOld: (name: string) => boolean, inUse: () => readonly string[]): Promise<number> {
    let left = 0;
    for (const kind of ['mirrors', 'revisions']) {
      const root = join(this.root, kind);
      const old = (await readdir(root).catch(() => [])).filter(isOld).map((name) => join(root, name));
      const free = old.filter((folder) => !inUse().some((path) => path.startsWith(`${folder}/`)));
      await Promise.all(free.map((folder) => rm(folder, { recursive: true, force: true })));
      left += old.length - free.length;
    }
    return left;
  }
}
