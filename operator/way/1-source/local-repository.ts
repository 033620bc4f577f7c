/** The repository around a folder of this machine, as its user's own Git sees it: looked at, and committed to. */
import { resolve } from 'node:path';
import { simpleGit, type SimpleGit } from 'simple-git';
import { failure } from '#runtime';

export class LocalRepository {
  /** Top of the working tree. */
  readonly root: string;
  readonly #git: SimpleGit;

  private constructor(root: string) {
    this.root = root;
    this.#git = simpleGit(root);
  }

  /** The repository that the folder lies in. @throws Failure CommandInvalid when it lies in none */
  static async around(folder: string): Promise<LocalRepository> {
    try {
      return new LocalRepository((await simpleGit(folder).revparse(['--show-toplevel'])).trim());
    } catch (cause) {
      const what = `${folder} is not in a Git repository`;
      throw failure('CommandInvalid', { what, remedy: 'run `git init` first, or name another folder' }, { cause });
    }
  }

  /** Addresses of all remotes. */
  async remotes(): Promise<string[]> {
    const remotes = await this.#git.getRemotes(true);
    return [...new Set(remotes.flatMap(({ refs }) => [refs.fetch, refs.push]))];
  }

  /** The id of the commit that people name by branch, tag or id; '' when there is none. */
  async commitOf(revision: string): Promise<string> {
    const words = ['--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
    return (await this.#git.raw('rev-parse', ...words).catch(() => '')).trim();
  }

  /** The id of a commit's tree; '' when there is none. */
  async treeOf(revision: string): Promise<string> {
    return (await this.#git.raw('rev-parse', '--verify', '--quiet', `${revision}^{tree}`).catch(() => '')).trim();
  }

  /** `sha1` or `sha256`. */
  async objectFormat(): Promise<string> {
    return (await this.#git.raw('rev-parse', '--show-object-format')).trim();
  }

  /** Where Git keeps one of its own files or folders; worktrees share some and not others. */
  async pathOf(name: string): Promise<string> {
    return resolve(this.root, (await this.#git.raw('rev-parse', '--git-path', name)).trim());
  }

  /** Stages all of a folder, and names its files that differ from HEAD. Other staged files stay staged. */
  async stage(folder: string): Promise<string[]> {
    await this.#git.raw('add', '--all', '--', folder);
    const names = await this.#git.raw('diff', '--cached', '--name-only', '--no-renames', '-z', '--', folder);
    return names.split('\0').filter(Boolean);
  }

  /** Texts of files at a revision, '' being the index; those that are not there are left out. */
  async read(revision: string, files: readonly string[]): Promise<string[]> {
    if (revision !== '' && (await this.commitOf(revision)) === '') return [];
    const listing = revision === '' ? ['ls-files', '-z'] : ['ls-tree', '-r', '-z', '--name-only', revision];
    const present = (await this.#git.raw(...listing, '--', ...files)).split('\0').filter(Boolean);
    const texts: string[] = [];
    for (const file of present) texts.push(await this.#git.raw('show', `${revision}:${file}`));
    return texts;
  }

  /** Commits what is staged of a folder alone, and returns the commit's id. */
  async commit(folder: string, ...paragraphs: readonly string[]): Promise<string> {
    const message = paragraphs.flatMap((paragraph) => ['-m', paragraph]);
    await this.#git.raw('commit', '--quiet', ...message, '--', folder);
    return (await this.#git.revparse(['HEAD'])).trim();
  }
}
