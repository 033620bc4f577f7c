/** `plumbline diff [stack]`: a working tree, branch or commit against the cluster, by server-side dry run; writes nothing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Failure, failure } from '#runtime';
import { LocalRepository, takeSnapshot } from '#source';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { choose, type ChoiceOptions } from './diff/choice.ts';
import { diffStack, type StackDiff } from './diff/objects.ts';
import { tell, type DiffFormat } from './diff/print.ts';
import { renderAll, type RenderedStack } from './diff/rendering.ts';
import { wholeOf } from './diff/whole.ts';
import { addOutputOption, withProgress } from './output.ts';
import { addNamespaceOption } from './own-objects.ts';
import { exitCodes, type VerbContext } from './verb.ts';

interface DiffOptions extends ClusterOptions, ChoiceOptions {
  readonly path: string;
  readonly branch?: string;
  readonly revision?: string;
  readonly output?: DiffFormat;
}

export function define(command: Command, { environment }: VerbContext): void {
  addOutputOption(addNamespaceOption(addClusterOptions(command)))
    .argument('[stack]', 'name or namespace/name; all whose source fetches this repository when absent')
    .option('--path <folder>', 'a folder of the repository', '.')
    .option('--branch <name>', 'a branch of the repository instead of its working tree')
    .option('--revision <revision>', 'a commit or tag of the repository instead of its working tree')
    .option('--source <name>', 'all stacks of this GitSource')
    .option('--file <file...>', 'YAML with stacks, and sources, that are not in the cluster yet')
    .action((stack: string | undefined, options: DiffOptions) =>
      withCluster(options, async (cluster) => {
        const diffs = await diff(cluster, stack, options, { PATH: environment['PATH'] ?? '' });
        process.stdout.write(tell(diffs, options.output));
        if (diffs.some(({ failures }) => failures.length > 0)) process.exitCode = exitCodes.failed;
        else if (diffs.some(({ objects }) => objects.length > 0)) process.exitCode = exitCodes.different;
      }),
    );
}

async function diff(
  cluster: Cluster,
  name: string | undefined,
  options: DiffOptions,
  environment: Readonly<Record<string, string>>,
): Promise<StackDiff[]> {
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
      takeSnapshot(repository, { folder: join(folder, 'snapshot'), environment, commit }).then((snapshot) =>
        renderAll(choice, { cluster, snapshot, folder, environment, signal }),
      ),
    );
    return await diffAll(cluster, all, choice.inventories, signal);
  } finally {
    process.removeListener('SIGINT', interrupt);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined for the working tree. @throws Failure CommandInvalid */
async function commitOf(repository: LocalRepository, { branch, revision }: DiffOptions): Promise<string | undefined> {
  if (branch !== undefined && revision !== undefined) {
    throw failure('CommandInvalid', { what: '--branch and --revision exclude each other', remedy: 'give one of them' });
  }
  if (branch === undefined && revision === undefined) return undefined;
  const commit = await repository.commitOf(branch === undefined ? (revision ?? '') : `refs/heads/${branch}`);
  if (commit !== '') return commit;
  const what = branch === undefined ? `${revision} is no commit or tag` : `there is no branch ${branch}`;
  throw failure('CommandInvalid', { what: `${what} in ${repository.root}`, remedy: 'fetch it, or name another one' });
}

async function diffAll(
  cluster: Cluster,
  all: ReadonlyMap<string, RenderedStack>,
  inventories: Parameters<typeof wholeOf>[1],
  signal: AbortSignal,
): Promise<StackDiff[]> {
  const whole = wholeOf(all, inventories);
  const chosen = [...all.values()].filter((item) => item.chosen);
  const total = chosen.reduce(
    (sum, { rendered }) => sum + (rendered instanceof Failure ? 0 : rendered.objects.length),
    0,
  );
  let done = 0;
  const onObject = (): void => void (done += 1);
  const diffs: StackDiff[] = [];
  const work = (async (): Promise<void> => {
    for (const item of chosen) diffs.push(await diffStack(item, { cluster, whole, signal, onObject }));
  })();
  await withProgress(() => `tried ${done} of ${total} objects`, work);
  return diffs;
}
