/** Finds what a program's packages are locked by: the nearest package.json at or above it, and the lockfile beside that. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failure } from '#runtime';

export type Tool = 'npm' | 'yarn' | 'pnpm';

/** Which tool reads it; the first that is there counts. */
const lockfiles: readonly (readonly [file: string, tool: Tool])[] = [
  ['npm-shrinkwrap.json', 'npm'],
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
];

export interface PackageRoot {
  /** Relative to the repository; '' is its root. */
  readonly path: string;
  /** Undefined when node_modules is committed. */
  readonly lock: { readonly file: string; readonly tool: Tool } | undefined;
}

/** Undefined when the repository has none. @throws Failure LockfileMissing */
export async function findPackageRoot(tree: string, program: string): Promise<PackageRoot | undefined> {
  for (let path = program; ; path = dirname(path)) {
    const at = path === '.' ? '' : path;
    const files = new Set(await readdir(join(tree, at)));
    if (files.has('package.json')) return rootOf(at, files);
    if (at === '') return undefined;
  }
}

function rootOf(path: string, files: ReadonlySet<string>): PackageRoot {
  if (files.has('node_modules')) return { path, lock: undefined };
  const found = lockfiles.find(([file]) => files.has(file));
  if (found !== undefined) return { path, lock: { file: found[0], tool: found[1] } };
  throw failure('LockfileMissing', {
    where: join(path, 'package.json'),
    what: 'there is no lockfile beside it, so nobody knows which packages were meant',
    expected: lockfiles.map(([file]) => file).join(', '),
    remedy: 'run `npm install` and commit package-lock.json',
  });
}
