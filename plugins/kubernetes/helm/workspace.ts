/** A folder of one operation for what helm downloads and is given to read; only we may look into it, and it goes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Workspace implements AsyncDisposable {
  readonly folder: string;
  #files = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Workspace> {
    return new Workspace(await mkdtemp(join(tmpdir(), 'plumbline-helm-')));
  }

  /** The path of a new file with the text. */
  async file(name: string, text: string): Promise<string> {
    this.#files += 1;
    const path = join(this.folder, `${this.#files}-${name}`);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
