/** Gives a run the packages of its program: from the cache, where every stack with the same lockfile finds the same ones. */
import { mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, failure, type Clock } from '#runtime';
import { install } from './install.ts';
import { keyOf, readManifests, writeManifests, type Manifests } from './manifests.ts';
import { ModuleCache, type CacheEntry } from './module-cache.ts';
import { findPackageRoot } from './package-root.ts';

export interface Wanted {
  /** Folder of the program, relative to the tree. */
  readonly path: string;
  readonly allowScripts: boolean;
}

/** While it is not disposed of, the packages stay. */
export interface Modules extends AsyncDisposable {
  /** Folders beside the tree that hold what the program imports. */
  readonly reads: readonly string[];
}

export interface Dependencies extends AsyncDisposable {
  /** Puts node_modules into the tree. @throws Failure LockfileMissing, DependenciesFailed, DiskFull, ToolUnavailable */
  provide(wanted: Wanted, tree: string, options: { readonly signal: AbortSignal }): Promise<Modules>;
}

export interface DependenciesOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Of installed packages together; those in use are kept even so. */
  readonly maxBytes: number;
  /** node_modules that come with the operator, for programs of a repository without package.json. */
  readonly shipped: string | undefined;
  /** PATH with node and npm, and what they need to reach the registry. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Disposing ends the installations in hand. */
export async function createDependencies(options: DependenciesOptions): Promise<Dependencies> {
  const cache = new ModuleCache(options);
  await cache.clear();
  const stopping = new AbortController();
  return {
    provide: (wanted, tree, { signal }) =>
      provide(wanted, { ...options, cache, tree, waiting: signal, stopping: stopping.signal }),
    [Symbol.asyncDispose]: async () => {
      stopping.abort(failure('Superseded', { what: 'the operator stops' }));
      await cache.settled();
    },
  };
}

interface Providing extends DependenciesOptions {
  readonly cache: ModuleCache;
  readonly tree: string;
  /** Of the run that waits; the installation itself goes on for others. */
  readonly waiting: AbortSignal;
  readonly stopping: AbortSignal;
}

const nothing: Modules = { reads: [], [Symbol.asyncDispose]: () => Promise.resolve() };

async function provide({ path, allowScripts }: Wanted, providing: Providing): Promise<Modules> {
  const { cache, tree, waiting } = providing;
  const root = await findPackageRoot(tree, path);
  if (root === undefined) return provideShipped(path, providing);
  const manifests = await readManifests(tree, root);
  if (manifests === undefined) return nothing;
  const where = root.path === '' ? '.' : root.path;
  const taken = cache.take(keyOf(manifests, allowScripts), (folder) =>
    fill(manifests, folder, { ...providing, allowScripts, where }),
  );
  const entry = await orAborted(taken, waiting);
  try {
    await link(entry, manifests, join(tree, root.path));
  } catch (error) {
    await entry[Symbol.asyncDispose]();
    throw error;
  }
  return { reads: [entry.folder], [Symbol.asyncDispose]: () => entry[Symbol.asyncDispose]() };
}

/** A program that names no packages gets those that it is run by. */
async function provideShipped(path: string, { shipped, tree }: Providing): Promise<Modules> {
  if (shipped === undefined) {
    throw failure('LockfileMissing', {
      where: path,
      what: 'there is no package.json at the program or above it',
      remedy: 'commit package.json and package-lock.json, with @pulumi/pulumi in them',
    });
  }
  // A program may read the folder itself, and no link on the way to it.
  const packages = await realpath(shipped);
  await symlink(packages, join(tree, 'node_modules'));
  await writeFile(join(tree, 'package.json'), '{}');
  return { ...nothing, reads: [packages] };
}

interface Filling extends Providing {
  readonly allowScripts: boolean;
  readonly where: string;
}

async function fill(manifests: Manifests, folder: string, filling: Filling): Promise<void> {
  const { cache, stopping: signal, folder: downloads } = filling;
  await writeManifests(manifests, folder);
  const installing = { ...filling, tool: manifests.tool, folder, downloads: join(downloads, 'downloads'), signal };
  try {
    await install(installing);
  } catch (error) {
    if (!(error instanceof Failure) || error.reason !== 'DiskFull') throw error;
    // What nobody uses makes room.
    await cache.shrink(0);
    await install(installing);
  }
}

/** The entry, or the signal's reason; an entry that comes too late is given back. */
async function orAborted(taken: Promise<CacheEntry>, signal: AbortSignal): Promise<CacheEntry> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([taken, aborted.promise]);
  } catch (error) {
    void taken.then(
      (entry) => entry[Symbol.asyncDispose](),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * One link to the whole folder; where some packages are folders of the repository itself, a link for each package, so that
 * those are the copies of this run.
 */
async function link({ folder }: CacheEntry, { links }: Manifests, root: string): Promise<void> {
  const from = join(folder, 'node_modules');
  const to = join(root, 'node_modules');
  if (links.size === 0) {
    await symlink(from, to);
    return;
  }
  const names = await packageNames(from);
  for (const name of new Set([...names, ...links.keys()])) {
    const own = links.get(name);
    await mkdir(dirname(join(to, name)), { recursive: true });
    await symlink(own === undefined ? join(from, name) : join(root, own), join(to, name));
  }
}

async function packageNames(modules: string): Promise<string[]> {
  const names = await readdir(modules);
  const scoped = names
    .filter((name) => name.startsWith('@'))
    .map(async (scope) => (await readdir(join(modules, scope))).map((name) => join(scope, name)));
  return [...names.filter((name) => !name.startsWith('@')), ...(await Promise.all(scoped)).flat()];
}
