/** Commits the output folder, with a message that names the objects that were added, changed and removed. */
import { simpleGit, type SimpleGit } from 'simple-git';
import { loadAll } from 'js-yaml';
import { failure } from '#runtime';
import type { Program } from './synth-program.ts';

/** Object by name -> its content. */
type Objects = Map<string, string>;

/** The commit's id; undefined when HEAD has it all. Other staged files stay staged. @throws Failure GitFailed, CommandInvalid */
export async function commitOutput({ folder, output }: Program, subject: string): Promise<string | undefined> {
  const git = simpleGit(folder);
  if (!(await git.checkIsRepo())) {
    throw failure('CommandInvalid', { what: `${folder} is not in a Git repository`, remedy: 'run `git init` first' });
  }
  try {
    await git.raw('add', '--all', '--', output);
    const names = await git.raw('diff', '--cached', '--name-only', '--relative', '--no-renames', '-z', '--', output);
    const files = names.split('\0').filter((file) => file.endsWith('.yaml'));
    if (files.length === 0) return undefined;
    const [before, after] = [await objectsOf(git, 'HEAD', files), await objectsOf(git, '', files)];
    await git.raw('commit', '--quiet', '-m', subject, '-m', describeChange(before, after), '--', output);
    return (await git.revparse(['HEAD'])).trim();
  } catch (cause) {
    throw failure('GitFailed', { what: `git could not commit ${output}: ${String(cause)}` }, { cause });
  }
}

/** One line an object: `added Deployment backend/web`. An object that moved between files did not change. */
export function describeChange(before: Objects, after: Objects): string {
  const lines: string[] = [];
  for (const [name, text] of after) {
    if (!before.has(name)) lines.push(`added ${name}`);
    else if (before.get(name) !== text) lines.push(`changed ${name}`);
  }
  for (const name of before.keys()) if (!after.has(name)) lines.push(`removed ${name}`);
  return lines.sort().join('\n') || 'objects only moved between files';
}

/** The objects of files at a revision; '' is the index. A file that is not there holds none. */
async function objectsOf(git: SimpleGit, revision: string, files: readonly string[]): Promise<Objects> {
  const objects: Objects = new Map();
  const present = revision === '' ? await git.raw('ls-files', '-z', '--', ...files) : await tree(git, revision, files);
  for (const file of present.split('\0').filter(Boolean)) {
    const text = await git.raw('show', `${revision}:./${file}`);
    for (const object of loadAll(text)) objects.set(nameOf(object), JSON.stringify(object));
  }
  return objects;
}

async function tree(git: SimpleGit, revision: string, files: readonly string[]): Promise<string> {
  const known = await git.raw('rev-parse', '--verify', '--quiet', revision).catch(() => '');
  return known === '' ? '' : git.raw('ls-tree', '-r', '-z', '--name-only', revision, '--', ...files);
}

function nameOf(object: unknown): string {
  const { kind = '?', metadata = {} } = (object ?? {}) as {
    kind?: string;
    metadata?: { name?: string; namespace?: string };
  };
  return `${kind} ${[metadata.namespace, metadata.name].filter(Boolean).join('/')}`;
}
