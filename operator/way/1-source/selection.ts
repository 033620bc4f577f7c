/** Which files of a commit are exported: sparsePaths, then ignore, within bounds. */
import { createHash } from 'node:crypto';
import ignoring from 'ignore';
import type { GitSourceSpec } from '#api';
import { failure } from '#runtime';
import type { TreeEntry } from './tree-listing.ts';

export interface Bounds {
  readonly files: number;
  /** Bytes. */
  readonly fileSize: number;
  readonly totalSize: number;
}

export const bounds: Bounds = { files: 50_000, fileSize: 10 * 2 ** 20, totalSize: 256 * 2 ** 20 };

export interface Selection {
  /** '' when every file is taken; else 16 hexadecimal digits that stand for the choice. */
  readonly digest: string;
  readonly takes: (path: string) => boolean;
}

/** @throws Failure SourceInvalid */
export function selectionOf({
  ignore,
  sparsePaths,
  submodules,
}: Pick<GitSourceSpec, 'ignore' | 'sparsePaths' | 'submodules'>): Selection {
  const roots = (sparsePaths ?? []).map(normalise).filter((path) => path !== '');
  const all = (sparsePaths ?? []).some((path) => normalise(path) === '') || roots.length === 0;
  const text = ignore ?? '';
  const rules = ignoring().add(text);
  const chosen = JSON.stringify([all ? [] : roots.toSorted(), text, submodules === true]);
  const everything = all && text.trim() === '' && submodules !== true;
  return {
    digest: everything ? '' : createHash('sha256').update(chosen).digest('hex').slice(0, 16),
    takes: (path) =>
      (all || roots.some((root) => path === root || path.startsWith(`${root}/`))) &&
      (text === '' || !rules.ignores(path)),
  };
}

function normalise(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!parts.includes('..')) return parts.join('/');
  throw failure('SourceInvalid', {
    where: 'spec.sparsePaths',
    what: 'a path leaves the repository',
    found: path,
    remedy: 'use a path below the root, without ".."',
  });
}

/** The entries to export, with the folders above them, those first. */
export function select(entries: Iterable<TreeEntry>, { takes }: Selection): TreeEntry[] {
  const trees: TreeEntry[] = [];
  const taken: TreeEntry[] = [];
  const folders = new Set<string>();
  for (const entry of entries) {
    if (entry.type === 'tree') trees.push(entry);
    else if (takes(entry.path)) {
      taken.push(entry);
      addFolders(entry.path, folders);
    }
  }
  return [...trees.filter(({ path }) => folders.has(path)), ...taken];
}

/** @throws Failure FileTooLarge naming the file and the bound, SymlinkEscapes for a path that leads through a link */
export function assertBounds(entries: readonly TreeEntry[], where: string, limits: Bounds = bounds): void {
  const files = entries.filter(({ type }) => type !== 'tree');
  const links = new Set(files.filter(({ type }) => type === 'link').map(({ path }) => path));
  let total = 0;
  for (const { path, size } of files) {
    total += size;
    if (size > limits.fileSize)
      throw tooLarge(where, `file ${path}`, `${mebibytes(limits.fileSize)} a file`, mebibytes(size));
    if (links.size > 0 && parentsOf(path).some((folder) => links.has(folder))) {
      throw failure('SymlinkEscapes', {
        where,
        what: `${path} lies behind a symbolic link of the same commit`,
        remedy: 'replace the link by a folder',
      });
    }
  }
  if (files.length > limits.files)
    throw tooLarge(where, 'the repository', `${limits.files} files`, `${files.length} files`);
  if (total > limits.totalSize)
    throw tooLarge(where, 'the repository', `${mebibytes(limits.totalSize)} in all`, mebibytes(total));
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function addFolders(path: string, folders: Set<string>): void {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const folder = path.slice(0, slash);
    if (folders.has(folder)) return;
    folders.add(folder);
  }
}

const tooLarge = (where: string, what: string, limit: string, found: string): ReturnType<typeof failure> =>
  failure('FileTooLarge', {
    where,
    what: `${what} is over the limit`,
    expected: `at most ${limit}`,
    found,
    remedy: 'split it, or leave it out with spec.ignore or spec.sparsePaths',
  });

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1).replace(/\.0$/, '')} MiB`;
