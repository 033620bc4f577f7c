/** The state of one stack on disk: a `file://` backend of Pulumi, and a mark that says what it was brought from. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Mark } from './choice.ts';
import { digestOfBytes } from './chunks.ts';

export interface StateFile {
  /** Below `.pulumi/stacks`: `<project>/<stack>.json`. */
  readonly path: string;
  readonly bytes: Buffer;
}

export class StateFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Without the attribute files that the storage library would write beside each file. */
  get url(): string {
    return `${pathToFileURL(this.#folder).href}?metadata=skip`;
  }

  /** As the engine left them; a file is replaced as a whole, but by half a one when the disk is full. */
  async files(): Promise<StateFile[]> {
    const paths = await this.#paths();
    const read = await Promise.all(
      paths.map(async (path) => ({ path, bytes: await unlessMissing(readFile(join(this.#stacks, path))) })),
    );
    return read.flatMap(({ path, bytes }) => (bytes === undefined ? [] : [{ path, bytes }]));
  }

  /** Another one after every write of the engine. */
  async version(): Promise<string> {
    const paths = await this.#paths();
    const stats = await Promise.all(paths.map((path) => unlessMissing(stat(join(this.#stacks, path)))));
    return paths.map((path, index) => `${path} ${stats[index]?.ino} ${stats[index]?.mtimeMs}`).join('\n');
  }

  async mark(): Promise<Mark | undefined> {
    const text = await unlessMissing(readFile(join(this.#folder, 'mark.json'), 'utf8'));
    // A mark is written beside its place and moved: what is there is whole.
    return text === undefined ? undefined : (JSON.parse(text) as Mark);
  }

  async setMark(mark: Mark): Promise<void> {
    await replaceFile(join(this.#folder, 'mark.json'), JSON.stringify(mark));
  }

  /** Puts the files in the place of all that is there. */
  async replace(files: readonly StateFile[], mark: Mark): Promise<void> {
    await this.clear();
    for (const { path, bytes } of files) await replaceFile(join(this.#stacks, path), bytes);
    await this.setMark(mark);
  }

  /** Moved, so that a state that lost against another is not lost. */
  async setAside(): Promise<string> {
    const aside = `${this.#folder}~`;
    await rm(aside, { recursive: true, force: true });
    await rename(this.#folder, aside);
    return aside;
  }

  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await rm(`${this.#folder}~`, { recursive: true, force: true });
  }

  /** Locks of a run that died. The caller has the Lease, so no run is alive. */
  async removeLocks(): Promise<void> {
    await rm(join(this.#folder, '.pulumi', 'locks'), { recursive: true, force: true });
  }

  /** A copy of the whole state for each run, which nothing reads: the Changes are the history. */
  async removeHistory(): Promise<void> {
    for (const name of ['history', 'backups'])
      await rm(join(this.#folder, '.pulumi', name), { recursive: true, force: true });
  }

  get #stacks(): string {
    return join(this.#folder, '.pulumi', 'stacks');
  }

  async #paths(): Promise<string[]> {
    const entries = (await unlessMissing(readdir(this.#stacks, { recursive: true, withFileTypes: true }))) ?? [];
    return entries
      .filter((entry) => entry.isFile() && isState(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name).slice(this.#stacks.length + 1))
      .sort();
  }
}

/** Not the copy of what was before, nor a file that is being written. */
const isState = (name: string): boolean => /\.(json|pulumi-tags)$/.test(name) && !name.startsWith('.');

export const isCheckpoint = ({ path }: { readonly path: string }): boolean => path.endsWith('.json');

/** Whether each is there to its end. */
export const areWhole = (files: readonly StateFile[]): boolean => files.filter(isCheckpoint).every(isWhole);

function isWhole({ bytes }: StateFile): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

export const digestsOf = (files: readonly StateFile[]): Record<string, string> =>
  Object.fromEntries(files.map(({ path, bytes }) => [path, digestOfBytes(bytes)]));

async function replaceFile(file: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function unlessMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
