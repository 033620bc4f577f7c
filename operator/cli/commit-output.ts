/** Commits the output folder, with a message that names the objects that were added, changed and removed. */
import { join, resolve } from 'node:path';
import { loadAll } from 'js-yaml';
import { failure } from '#runtime';
import { LocalRepository } from '#source';
import type { Program } from './synth-program.ts';

/** Object by name -> its content. */
type Objects = Map<string, string>;

/** The commit's id; undefined when HEAD has it all. Other staged files stay staged. @throws Failure GitFailed, CommandInvalid */
export async function commitOutput({ folder, output }: Program, subject: string): Promise<string | undefined> {
  const repository = await LocalRepository.around(folder);
  const path = join(resolve(folder), output);
  try {
    const files = (await repository.stage(path)).filter((file) => file.endsWith('.yaml'));
    if (files.length === 0) return undefined;
    const before = objectsIn(await repository.read('HEAD', files));
    const after = objectsIn(await repository.read('', files));
    return await repository.commit(path, subject, describeChange(before, after));
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

function objectsIn(texts: readonly string[]): Objects {
  const objects: Objects = new Map();
  for (const object of texts.flatMap((text) => loadAll(text))) objects.set(nameOf(object), JSON.stringify(object));
  return objects;
}

function nameOf(object: unknown): string {
  const { kind = '?', metadata = {} } = (object ?? {}) as {
    kind?: string;
    metadata?: { name?: string; namespace?: string };
  };
  return `${kind} ${[metadata.namespace, metadata.name].filter(Boolean).join('/')}`;
}
