/** Finds the files of a stack's path: inside the repository, in the order of their names, bounded. */
import { readFileSync, statSync, type Dirent } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';
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
  await collectNamed({ root, names, visited: new Set() }, start);
  if (names.length > limits.files) throw tooLarge(path, `${names.length} files`, `${limits.files} files`);
  return readAll(root, names.sort(), path, signal);
}

/** Files read before others get their turn: about a millisecond. */
const slice = 64;

/** Synchronously, because the thread pool costs ten times what reading a small local file does. */
async function readAll(
  root: string,
  names: readonly string[],
  path: string,
  signal?: AbortSignal,
): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  let total = 0;
  for (const name of names) {
    if (files.length % slice === 0) await othersTurn();
    signal?.throwIfAborted();
    const file = join(root, name);
    const { size } = statSync(file);
    if (size > limits.fileBytes) throw tooLarge(name, `${size} bytes`, `${limits.fileBytes} bytes a file`);
    total += size;
    if (total > limits.totalBytes)
      throw tooLarge(path, `more than ${limits.totalBytes} bytes`, `${limits.totalBytes} bytes in all`);
    files.push({ path: name, text: readFileSync(file, 'utf8') });
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

/** The path that the stack names; a file is taken whatever its ending. */
async function collectNamed(search: Search, name: string): Promise<void> {
  const info = await lstat(join(search.root, name)).catch(() => undefined);
  if (info === undefined) {
    throw failure('PathNotFound', {
      where: name,
      what: 'the path is not in the commit',
      remedy: 'correct spec.path, or commit it',
    });
  }
  await collect(search, name, info, () => true);
}

type Info = Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>;

const isManifest = (name: string): boolean => endings.some((ending) => name.endsWith(ending));

async function collect(search: Search, name: string, info: Info, isWanted: (name: string) => boolean): Promise<void> {
  const link = info.isSymbolicLink();
  const real = link ? await follow(search.root, name) : join(search.root, name);
  const target = link ? await stat(real) : info;
  if (target.isFile()) {
    if (isWanted(name)) search.names.push(name);
    return;
  }
  if (!target.isDirectory() || search.visited.has(real)) return;
  search.visited.add(real);
  for (const child of await readdir(real, { withFileTypes: true })) {
    if (child.name.startsWith('.')) continue;
    await collect(search, name === '.' ? child.name : `${name}/${child.name}`, child, isManifest);
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
