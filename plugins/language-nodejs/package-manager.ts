/** The package manager of a program: which one it is, what it is called with, which packages it has installed. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, matchesGlob, relative } from 'node:path';
import { promisify } from 'node:util';
import { programPath } from '#runtime';
import type { PackageManager, Program } from './program.ts';

const lockFiles: Readonly<Record<string, PackageManager>> = {
  'package-lock.json': 'npm',
  'yarn.lock': 'yarn',
  'pnpm-lock.yaml': 'pnpm',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
};

/** What Pulumi.yaml says, else whose lock file is there, else npm. */
export function packageManagerOf({ options, folder }: Program, root = folder): PackageManager {
  if (options.packageManager !== undefined) return options.packageManager;
  const lock = Object.keys(lockFiles).find((file) => existsSync(join(root, file)));
  return lock === undefined ? 'npm' : (lockFiles[lock] ?? 'npm');
}

export const installArguments = (manager: PackageManager): readonly string[] =>
  manager === 'npm' ? ['install', '--loglevel=error'] : ['install'];

/**
 * The version of a package manager on this PATH; undefined when it is not there. The engine asks at the start of each
 * update, so its package.json is read where it has one: to start npm takes as long as to start this host.
 */
export async function versionOf(manager: string, path = ''): Promise<string | undefined> {
  const program = programPath(manager, path);
  if (program === undefined) return undefined;
  for (let folder = dirname(await realpath(program)); ; folder = dirname(folder)) {
    const manifest = await manifestOf(folder);
    if (manifest?.name === manager && manifest.version !== undefined) return manifest.version;
    if (folder === dirname(folder)) return printedVersion(program);
  }
}

const printedVersion = (program: string): Promise<string | undefined> =>
  promisify(execFile)(program, ['--version'], { timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );

/** The nearest folder above that counts this one among its workspaces; the folder itself when there is none. */
export async function workspaceRoot(folder: string): Promise<string> {
  for (let above = dirname(folder); ; above = dirname(above)) {
    const globs = await workspacesOf(above);
    if (globs.some((glob) => matchesGlob(relative(above, folder), glob.replace(/^\.\/|\/$/g, '')))) return above;
    if (above === dirname(above)) return folder;
  }
}

async function workspacesOf(folder: string): Promise<readonly string[]> {
  const { workspaces = [] } = (await manifestOf(folder)) ?? {};
  return 'packages' in workspaces ? workspaces.packages : workspaces;
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly workspaces?: readonly string[] | { readonly packages: readonly string[] };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

async function manifestOf(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

export interface Dependency {
  readonly name: string;
  readonly version: string;
}

/** The packages that the program's package.json names, as they are installed; with `transitive` what these need too. */
export async function dependencies(folder: string, transitive: boolean): Promise<readonly Dependency[]> {
  const manifest = await manifestOf(folder);
  const found = new Map<string, Dependency>();
  const add = async (name: string, from: string): Promise<void> => {
    const at = findPackage(name, from);
    const installed = at === undefined ? undefined : await manifestOf(at);
    const version = installed?.version;
    if (at === undefined || version === undefined || found.has(`${name} ${version}`)) return;
    found.set(`${name} ${version}`, { name, version });
    if (transitive) await Promise.all(Object.keys(installed?.dependencies ?? {}).map((each) => add(each, at)));
  };
  const direct = { ...manifest?.dependencies, ...manifest?.devDependencies };
  await Promise.all(Object.keys(direct).map((name) => add(name, folder)));
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** As Node looks for it: in node_modules of the folder and of each folder above. */
function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const at = join(folder, 'node_modules', name);
    if (existsSync(at)) return at;
    if (folder === dirname(folder)) return undefined;
  }
}
