/** Writes the chosen files of a commit, and of its submodules, into a new folder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '#runtime';
import { inOurWords } from './git.ts';
import { parseRemote, type Remote } from './git-url.ts';
import type { Mirror } from './mirror.ts';
import { assertBounds, select, type Bounds, type Selection } from './selection.ts';
import type { TreeEntry } from './tree-listing.ts';

export interface ExportJob {
  readonly mirror: Mirror;
  readonly commit: string;
  readonly remote: Remote;
  readonly selection: Selection;
  readonly submodules: boolean;
  readonly limits: Bounds;
  /** Brings a submodule's commit in; `where` names it in a failure. */
  readonly moduleMirror: (remote: Remote, commit: string, where: string) => Promise<Mirror>;
  /** A new file name outside the export. */
  readonly scratchFile: () => string;
}

/** One repository of the export: the source itself, or a submodule at its path. */
interface Part {
  readonly mirror: Mirror;
  readonly commit: string;
  readonly remote: Remote;
  readonly prefix: string;
  readonly depth: number;
  /** Paths below `prefix`. */
  readonly entries: readonly TreeEntry[];
  readonly whole: boolean;
}

/** What will be exported, known before a byte is written. */
export interface ExportPlan {
  /** All paths, relative to the root of the export. */
  readonly entries: readonly TreeEntry[];
  /** @throws GitExitError */
  write(folder: string): Promise<void>;
}

const deepestModule = 5;
const mostModules = 100;

/** Lists the files, fetches submodules, checks the bounds. @throws Failure FileTooLarge, SymlinkEscapes, SourceInvalid */
export async function planExport(job: ExportJob): Promise<ExportPlan> {
  const parts: Part[] = [];
  await addPart(job, { ...job, prefix: '', depth: 0 }, parts);
  const entries = parts.flatMap(({ prefix, entries: own }) =>
    prefix === '' ? own : own.map((entry) => ({ ...entry, path: prefix + entry.path })),
  );
  assertBounds(entries, job.remote.url, job.limits);
  return { entries, write: (folder) => writeParts(parts, folder, job) };
}

async function addPart(job: ExportJob, at: Omit<Part, 'entries' | 'whole'>, parts: Part[]): Promise<void> {
  const { mirror, commit, remote, prefix, depth } = at;
  const all = [...(await mirror.list(commit))];
  const entries = select(all, { ...job.selection, takes: (path) => job.selection.takes(prefix + path) });
  // Before anything is written or fetched for it: a submodule may be the one that is too large.
  assertBounds(entries, remote.url, job.limits);
  parts.push({ mirror, commit, remote, prefix, depth, entries, whole: entries.length === all.length });
  const modules = job.submodules ? entries.filter(({ type }) => type === 'module') : [];
  if (modules.length === 0) return;
  if (depth >= deepestModule || parts.length + modules.length > mostModules) throw tooManyModules(remote.url);
  const urls = await moduleUrls(mirror, commit, remote.url);
  for (const { path, id } of modules) {
    const url = urls.get(path);
    if (url === undefined)
      throw failure('SourceInvalid', {
        where: `${remote.url} .gitmodules`,
        what: `the submodule ${prefix}${path} has no url`,
      });
    const child = moduleRemote(url, remote, `${prefix}${path}`);
    const childMirror = await job.moduleMirror(child, id, `submodule ${prefix}${path} ${child.url}`);
    await addPart(
      job,
      { mirror: childMirror, commit: id, remote: child, prefix: `${prefix}${path}/`, depth: depth + 1 },
      parts,
    );
  }
}

async function writeParts(parts: readonly Part[], root: string, { scratchFile }: ExportJob): Promise<void> {
  for (const { mirror, commit, prefix, entries, whole } of parts) {
    const folder = join(root, prefix);
    await mkdir(folder, { recursive: true });
    const files = entries.filter(({ type }) => type === 'file' || type === 'link');
    if (files.length === 0) continue;
    const paths = whole ? undefined : files.map(({ path }) => path);
    await mirror.checkOut({ commit, paths, folder, indexFile: scratchFile() });
  }
}

interface Module {
  readonly url: string;
  readonly commit: string;
  readonly where: string;
  readonly secrets: readonly string[];
}

/** The mirror with the commit of a submodule. @throws Failure that names the submodule: nothing is wrong with the address of the source */
export async function bringModule(mirror: Mirror, { url, commit, where, secrets }: Module): Promise<Mirror> {
  try {
    if (!(await mirror.has(commit))) await mirror.fetch(url, commit);
    return mirror;
  } catch (error) {
    throw inOurWords(error, { where, secrets });
  }
}

async function moduleUrls(mirror: Mirror, commit: string, where: string): Promise<Map<string, string>> {
  const config = await mirror.config(`${commit}:.gitmodules`).catch((cause: unknown) => {
    throw failure(
      'SourceInvalid',
      { where: `${where} .gitmodules`, what: 'the repository has submodules, but .gitmodules cannot be read' },
      { cause },
    );
  });
  const names = [...config.keys()].filter((key) => key.startsWith('submodule.') && key.endsWith('.path'));
  return new Map(names.map((key) => [config.get(key) ?? '', config.get(key.replace(/path$/, 'url')) ?? '']));
}

/** A submodule's address, relative ones to its parent's; a repository from the network may not name files of this machine. */
function moduleRemote(url: string, parent: Remote, path: string): Remote {
  const where = `submodule ${path}`;
  const relative = url.startsWith('./') || url.startsWith('../');
  const base = `${parent.url.replace(/^([^:/@]+@[^:/]+):(?!\/\/)/, 'ssh://$1/').replace(/\/+$/, '')}/`;
  const child = parseRemote(relative ? new URL(url, base).href : url, where);
  if (child.protocol !== 'file' || parent.protocol === 'file') return child;
  throw failure('SourceInvalid', { where, what: 'a submodule must not name a file of the operator', found: url });
}

const tooManyModules = (where: string): ReturnType<typeof failure> =>
  failure('SourceInvalid', {
    where,
    what: 'the submodules are too many or too deep',
    expected: `at most ${mostModules}, ${deepestModule} deep`,
  });
