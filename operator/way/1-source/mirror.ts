/** The bare repository of one source on disk: fetched into, read from, thrown away when it is broken. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitExitError, type Git } from './git.ts';
import { foundNoRoom, refusesCommits, refusesShallow } from './git-failure.ts';
import { entriesOf, listingOf, type TreeEntry } from './tree-listing.ts';

export interface CommitMeta {
  readonly commit: string;
  readonly tree: string;
  /** `Name <address>` */
  readonly author: string;
  readonly committer: string;
  readonly subject: string;
  /** RFC 3339, UTC. */
  readonly time: string;
}

export interface CheckOut {
  readonly commit: string;
  readonly paths: readonly string[] | undefined;
  readonly folder: string;
  /** A file of its own, so that runs never share an index. */
  readonly indexFile: string;
}

/** The one ref of a mirror; it keeps the commit in use from being collected. */
const wantedRef = 'refs/plumbline/wanted';
const mostPacks = 50;

export class Mirror {
  readonly folder: string;
  readonly #git: Git;

  constructor(folder: string, git: Git) {
    this.folder = folder;
    this.#git = git;
  }

  get exists(): boolean {
    return existsSync(join(this.folder, 'HEAD'));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Brings one ref or commit in, whatever its history was before, and says which commit it is; an id (by default `ref`) tells the repository's hash. @throws GitExitError */
  async fetch(url: string, ref: string, id = ref, depth = 1): Promise<CommitMeta> {
    await this.#create(id);
    try {
      await this.#fetchShallow(url, ref, depth);
    } catch (error) {
      await this.#removeHalfPacks();
      throw error;
    }
    return this.meta(wantedRef);
  }

  /** A fetch that was ended leaves what it had so far, which may be as large as a pack may be. */
  async #removeHalfPacks(): Promise<void> {
    const folder = join(this.folder, 'objects', 'pack');
    const halves = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith('tmp_'));
    await Promise.all(halves.map((name) => rm(join(folder, name), { force: true })));
  }

  /** In one step: a mirror that was begun and has no attributes would be taken for one that has. */
  async #create(id: string): Promise<void> {
    if (this.exists) return;
    const work = `${this.folder}.new`;
    await rm(work, { recursive: true, force: true });
    try {
      await mkdir(work, { recursive: true });
      const format = /^[0-9a-f]{64}$/.test(id) ? ['--object-format=sha256'] : [];
      await this.#git(['init', '--quiet', '--bare', '--template=', ...format, '--', work]);
      // Files are exported byte by byte: attributes in a repository must not rewrite them.
      await mkdir(join(work, 'info'), { recursive: true });
      await writeFile(join(work, 'info', 'attributes'), '* -text -eol -ident -filter -working-tree-encoding\n');
      await this.remove();
      await rename(work, this.folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async #fetchShallow(url: string, ref: string, depth: number): Promise<void> {
    const fetch = async (...args: string[]): Promise<unknown> =>
      this.#git(['fetch', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', ...args], {
        gitDir: this.folder,
      });
    const refspec = `+${ref}:${wantedRef}`;
    try {
      await fetch(`--depth=${depth}`, '--', url, refspec);
    } catch (error) {
      if (!(error instanceof GitExitError)) throw error;
      if (refusesShallow(error)) await fetch('--', url, refspec);
      else if (/^[0-9a-f]{40,}$/.test(ref) && refusesCommits(error)) {
        await fetch('--', url, '+refs/heads/*:refs/plumbline/heads/*', '+refs/tags/*:refs/plumbline/tags/*');
        await this.#git(['update-ref', wantedRef, `${ref}^{commit}`], { gitDir: this.folder }).catch(() =>
          Promise.reject(error),
        );
      } else throw error;
    }
  }

  async has(commit: string): Promise<boolean> {
    if (!this.exists) return false;
    return this.#git(['cat-file', '-e', `${commit}^{commit}`], { gitDir: this.folder }).then(
      () => true,
      () => false,
    );
  }

  async meta(revision: string): Promise<CommitMeta> {
    const format = ['%H', '%T', '%an <%ae>', '%cn <%ce>', '%cI', '%s'].join('%x00');
    const line = await this.#git(['log', '-1', `--format=${format}`, revision, '--'], { gitDir: this.folder });
    const [commit = '', tree = '', author = '', committer = '', time = '', subject = ''] = line.trimEnd().split('\0');
    return {
      commit,
      tree,
      author: short(author),
      committer: short(committer),
      subject: short(subject),
      time: utc(time),
    };
  }

  async list(commit: string): Promise<Generator<TreeEntry>> {
    return entriesOf(await this.#git(listingOf(commit), { gitDir: this.folder }));
  }

  /** A small text file of a commit, as configuration pairs. */
  async config(blob: string): Promise<Map<string, string>> {
    const text = await this.#git(['config', '--blob', blob, '-z', '--list'], { gitDir: this.folder });
    const pairs = text
      .split('\0')
      .filter(Boolean)
      .map((pair) => {
        const end = pair.indexOf('\n');
        return [pair.slice(0, end), pair.slice(end + 1)] as const;
      });
    return new Map(pairs);
  }

  /** Writes the paths (undefined: all of them) of a commit that has some into the folder. */
  async checkOut({ commit, paths, folder, indexFile }: CheckOut): Promise<void> {
    const call = { gitDir: this.folder, workTree: folder, indexFile };
    try {
      if (paths === undefined) return void (await this.#git(['checkout', commit, '--', '.'], call));
      await this.#git(['read-tree', commit], call);
      const input = paths.map((path) => `${path}\0`).join('');
      await this.#git(['checkout-index', '-z', '--stdin', `--prefix=${folder}/`], { ...call, input });
    } finally {
      await rm(indexFile, { force: true });
    }
  }

  /** How many fetches it holds; the newest commit is in one or a few of them. */
  async packs(): Promise<number> {
    const names = await readdir(join(this.folder, 'objects', 'pack')).catch(() => []);
    return names.filter((name) => name.endsWith('.pack')).length;
  }

  /** Puts many packs into one and drops what no ref holds; where there is no room for that one, the next fetch begins anew. */
  async tidy(): Promise<void> {
    if ((await this.packs()) <= mostPacks) return;
    try {
      await this.#git(['gc', '--quiet', '--prune=now'], { gitDir: this.folder });
    } catch (error) {
      if (!(error instanceof GitExitError) || !foundNoRoom(error)) throw error;
      await this.remove();
    }
  }
}

const utc = (time: string): string => new Date(time).toISOString().replace('.000Z', 'Z');

/** Fits into the status. */
const short = (text: string): string => text.slice(0, 500);
