/** `kustomize/v2:Directory` and `kubernetes:kustomize:directory`: the objects of a kustomization. */
import { isAbsolute } from 'node:path';
import { stat } from 'node:fs/promises';
import { failure } from '#runtime';
import { reveal, type Value, type ValueMap } from '../property.ts';
import type { Session } from '../session.ts';
import type { ReadContent } from './component.ts';
import { readDocuments, readManifests } from './manifests.ts';
import { runTool } from './tool.ts';
import { wanting } from './yaml-components.ts';

/** Files may lie outside the folder, and charts are rendered, as the official provider does. */
export const kustomizeDirectory: ReadContent = async (session, { name }, inputs) => {
  const directory = reveal(inputs['directory'] ?? null);
  const namespace = reveal(inputs['namespace'] ?? null);
  if (typeof directory !== 'string' || directory === '') throw wanting(name, 'directory', 'a folder');
  const text = await build(session, directory, ['--load-restrictor', 'LoadRestrictionsNone', '--enable-helm']);
  return {
    manifests: readManifests(text, directory),
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined,
  };
};

/** { directory } */
export async function kustomizeFunction(session: Session, { directory }: ValueMap): Promise<readonly Value[]> {
  if (typeof directory !== 'string') throw wanting('kubernetes:kustomize:directory', 'directory', 'a folder');
  return readDocuments(await build(session, directory, ['--reorder', 'legacy']), directory);
}

async function build(session: Session, directory: string, args: readonly string[]): Promise<string> {
  return runTool(session, { tool: 'kustomize', args: ['build', await targetOf(directory), ...args] });
}

/** A folder, or an address of a folder in a Git repository. */
async function targetOf(directory: string): Promise<string> {
  const found = await stat(directory).catch(() => undefined);
  if (found !== undefined) return directory;
  if (isAbsolute(directory) || !/^([a-z+]+:\/\/|[^/]+\.[^/]+\/)/.test(directory))
    throw failure('PathNotFound', {
      where: directory,
      what: 'there is no such folder',
      remedy: 'correct directory; it is relative to the folder of the program',
    });
  // As the pages of Git servers write it, and as kustomize does.
  return directory.replace(/^(https?:\/\/[^/]+\/[^/]+\/[^/]+)\/tree\/([^/]+)\/(.+)$/, '$1//$3?ref=$2');
}
