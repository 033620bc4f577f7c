/** Finds the files of a stack's path: inside the repository, in the order of their names, bounded. */
import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import type { Failure } from '#runtime';
import { failure } from '#runtime';

export interface SourceFile {
  /** Relative to the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

const megabyte = 2 ** 20;
const limits = { fileBytes: 5 * megabyte, totalBytes: 64 * megabyte, files: 20_000 };
const endings = ['.yaml', '.yml', '.json'];

/** @throws Failure PathInvalid, PathNotFound, SymlinkEscapes, FileTooLarge */
export async function readFiles(folder: string, path: string, signal?: AbortSignal): Promise<SourceFile[]> {
  const start = inside(path);
  const root = await realpath(folder);
  const names: string[] = [];
  await collect({ root, names, visited: new Set() }, start, true);
  if (names.length > limits.files) throw tooLarge(path, `${names.length} files`, `${limits.files} files`);
  const files: SourceFile[] = [];
  let total = 0;
  for (const name of names.sort()) {
    signal?.throwIfAborted();
    const { size } = await stat(join(root, name));
    if (size > limits.fileBytes) throw tooLarge(name, `${size} bytes`, `${limits.fileBytes} bytes a file`);
    total += size;
    if (total > limits.totalBytes)
      throw tooLarge(path, `more than ${limits.totalBytes} bytes`, `${limits.totalBytes} bytes in all`);
    files.push({ path: name, text: await readFile(join(root, name), 'utf8') });
  }
  return files;
}

const tooLarge = (where: string, found: string, expected: string): Failure =>
  failure('FileTooLarge', {
    where,
    what: 'too large',
    expected: `at most ${expected}`,
    found,
    remedy: 'split it, or take it out of the path',
  });

/** The path in its plain form, `.` for the root. */
function inside(path: string): string {
  const plain = posix.normalize(path === '' ? '.' : path).replace(/\/$/, '');
  if (posix.isAbsolute(plain) || plain === '..' || plain.startsWith('../')) {
    throw failure('PathInvalid', {
      where: 'spec.path',
      what: `${path} leaves the repository`,
      remedy: 'use a path below the root',
    });
  }
  return plain;
}

interface Search {
  readonly root: string;
  readonly names: string[];
  /** Real folders entered, so that a link into its own parent ends. */
  readonly visited: Set<string>;
}

async function collect(search: Search, name: string, named: boolean): Promise<void> {
  const full = join(search.root, name);
  const info = await lstat(full).catch(() => undefined);
  if (info === undefined) {
    throw failure('PathNotFound', {
      where: name,
      what: 'the path is not in the commit',
      remedy: 'correct spec.path, or commit it',
    });
  }
  const real = info.isSymbolicLink() ? await follow(search.root, name) : full;
  const target = info.isSymbolicLink() ? await stat(real) : info;
  if (target.isFile()) {
    if (named || endings.some((ending) => name.endsWith(ending))) search.names.push(name);
    return;
  }
  if (!target.isDirectory() || search.visited.has(real)) return;
  search.visited.add(real);
  for (const child of await readdir(real)) {
    if (!child.startsWith('.')) await collect(search, name === '.' ? child : `${name}/${child}`, false);
  }
}

/** @throws Failure SymlinkEscapes when the link leads out of the repository, or nowhere. */
async function follow(root: string, name: string): Promise<string> {
  const full = join(root, name);
  const target = await readlink(full);
  const real = await realpath(full).catch(() => undefined);
  if (real !== undefined && !relative(root, real).startsWith(`..`) && (real === root || real.startsWith(root + sep)))
    return real;
  throw failure('SymlinkEscapes', {
    where: name,
    what: `the symbolic link points to ${target}, ${real === undefined ? 'which does not exist' : 'out of the repository'}`,
    remedy: 'replace the link by the file',
  });
}
