/** A working tree, branch or commit of this machine, rendered stack by stack as the operator would, for as long as it is looked at. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Failure, failure } from '#runtime';
import { LocalRepository, takeSnapshot } from '#source';
import { addClusterOptions, type Cluster, type ClusterOptions } from '../cluster.ts';
import { addOutputOption, withProgress } from '../output.ts';
import { addNamespaceOption } from '../own-objects.ts';
import { choose, type ChoiceOptions } from './choice.ts';
import type { DiffFormat } from './print.ts';
import { atDesk, renderAll, type RenderedStack } from './rendering.ts';
import { wholeOf, type Whole } from './whole.ts';

export interface TreeOptions extends ClusterOptions, ChoiceOptions {
  readonly path: string;
  readonly branch?: string;
  readonly revision?: string;
  readonly output?: DiffFormat;
}

export interface RenderedTree {
  readonly chosen: readonly RenderedStack[];
  readonly whole: Whole;
  readonly signal: AbortSignal;
  /** For what is needed on disk meanwhile. */
  readonly folder: string;
  /** Of all chosen stacks. */
  readonly objects: number;
}

export function addTreeOptions(command: Command): Command {
  return addOutputOption(addNamespaceOption(addClusterOptions(command)))
    .argument('[stack]', 'name or namespace/name; all whose source fetches this repository when absent')
    .option('--path <folder>', 'a folder of the repository', '.')
    .option('--branch <name>', 'a branch of the repository instead of its working tree')
    .option('--revision <revision>', 'a commit or tag of the repository instead of its working tree')
    .option('--source <name>', 'all stacks of this GitSource')
    .option('--file <file...>', 'YAML with stacks, and sources, that are not in the cluster yet');
}

/** What is on disk for it goes when `use` is done. @throws Failure CommandInvalid; Superseded when interrupted */
export async function withTree<T>(
  { cluster, name }: { readonly cluster: Cluster; readonly name: string | undefined },
  options: TreeOptions,
  environment: Readonly<Record<string, string>>,
  use: (tree: RenderedTree) => Promise<T>,
): Promise<T> {
  const repository = await LocalRepository.around(options.path);
  const commit = await commitOf(repository, options);
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-diff-'));
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(failure('Superseded', { what: 'interrupted; nothing was changed' }));
  process.once('SIGINT', interrupt);
  try {
    const choice = await choose(cluster, repository, name, options);
    const { signal } = stop;
    const all = await withProgress(
      `rendering ${choice.chosen.length} stacks`,
      takeSnapshot(repository, { folder: join(folder, 'snapshot'), environment, commit })
        .then((snapshot) => renderAll(choice, { cluster, snapshot, folder, environment, signal }))
        .catch((error: unknown) => {
          throw atDesk(error);
        }),
    );
    const chosen = [...all.values()].filter((item) => item.chosen);
    const objects = chosen.reduce(
      (sum, { rendered }) => sum + (rendered instanceof Failure ? 0 : rendered.objects.length),
      0,
    );
    return await use({ chosen, whole: wholeOf(all, choice.inventories), signal, folder, objects });
  } finally {
    process.removeListener('SIGINT', interrupt);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined for the working tree. @throws Failure CommandInvalid */
async function commitOf(repository: LocalRepository, { branch, revision }: TreeOptions): Promise<string | undefined> {
  if (branch !== undefined && revision !== undefined) {
    throw failure('CommandInvalid', { what: '--branch and --revision exclude each other', remedy: 'give one of them' });
  }
  if (branch === undefined && revision === undefined) return undefined;
  const commit = await repository.commitOf(branch === undefined ? (revision ?? '') : `refs/heads/${branch}`);
  if (commit !== '') return commit;
  const what = branch === undefined ? `${revision} is no commit or tag` : `there is no branch ${branch}`;
  throw failure('CommandInvalid', { what: `${what} in ${repository.root}`, remedy: 'fetch it, or name another one' });
}
