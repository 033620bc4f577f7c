/** Copies a tree out of somebody's repository, the working tree with all that is not committed yet too, and writes nothing there. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { failure } from '#runtime';
import { gitIn, inOurWords } from './git.ts';
import type { LocalRepository } from './local-repository.ts';

export interface SnapshotOptions {
  /** Empty, and the caller's to remove. */
  readonly folder: string;
  /** PATH, so that git is found. */
  readonly environment: Readonly<Record<string, string>>;
  /** The working tree when absent. */
  readonly commit?: string | undefined;
}

/** A bare repository with one commit, to be fetched from as any other. */
export interface Snapshot {
  readonly url: string;
  readonly branch: string;
}

const branch = 'snapshot';
const author = ['user.name', 'user.email'].map((key) => [key, 'plumbline'] as const);

/**
 * Objects are borrowed from the repository and new ones written to the snapshot. Its commit has no parents, so a shallow
 * clone will do. What .gitignore names is left out. @throws Failure GitFailed
 */
export async function takeSnapshot(repository: LocalRepository, options: SnapshotOptions): Promise<Snapshot> {
  try {
    return await take(repository, options);
  } catch (error) {
    throw inOurWords(error, { where: repository.root });
  }
}

async function take(repository: LocalRepository, { folder, environment, commit }: SnapshotOptions): Promise<Snapshot> {
  const [home, gitDir, indexFile] = [join(folder, 'home'), join(folder, 'repository'), join(folder, 'index')];
  await mkdir(home, { recursive: true });
  const git = gitIn({ home, environment, config: author });
  const format = `--object-format=${await repository.objectFormat()}`;
  await git(['init', '--quiet', '--bare', '--template=', format, '--', gitDir]);
  await mkdir(join(gitDir, 'info'), { recursive: true });
  await mkdir(join(gitDir, 'objects', 'info'), { recursive: true });
  await writeFile(join(gitDir, 'objects', 'info', 'alternates'), `${await repository.pathOf('objects')}\n`);
  let tree = commit === undefined ? '' : await repository.treeOf(commit);
  if (commit === undefined) {
    // The index keeps the marks of a sparse checkout, and knows which files are unchanged.
    await copyIfThere(await repository.pathOf('index'), indexFile);
    await copyIfThere(await repository.pathOf('info/exclude'), join(gitDir, 'info', 'exclude'));
    const call = { gitDir, workTree: repository.root, indexFile };
    await git(['add', '--all', '--', '.'], call);
    tree = (await git(['write-tree'], call)).trim();
  }
  const id = (await git(['commit-tree', '-m', branch, tree], { gitDir })).trim();
  await git(['update-ref', `refs/heads/${branch}`, id], { gitDir });
  return { url: pathToFileURL(gitDir).href, branch };
}

/** With its time: git takes a file that is no older than the index for one that may have changed since. */
async function copyIfThere(from: string, to: string): Promise<void> {
  await cp(from, to, { preserveTimestamps: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw failure('Internal', { what: error.message }, { cause: error });
  });
}
