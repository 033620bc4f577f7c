/** `plumbline diff [stack]`: a working tree, branch or commit against the cluster, by server-side dry run; writes nothing. */
import type { Command } from 'commander';
import { withCluster, type Cluster } from './cluster.ts';
import { diffStack, type StackDiff } from './diff/objects.ts';
import { tell } from './diff/print.ts';
import { addTreeOptions, withTree, type RenderedTree, type TreeOptions } from './diff/rendered.ts';
import { withProgress } from './output.ts';
import { exitCodes, type VerbContext } from './verb.ts';

export function define(command: Command, { environment }: VerbContext): void {
  addTreeOptions(command).action((name: string | undefined, options: TreeOptions) =>
    withCluster(options, async (cluster) => {
      const path = { PATH: environment['PATH'] ?? '' };
      const diffs = await withTree({ cluster, name }, options, path, (tree) => diffAll(cluster, tree));
      process.stdout.write(tell(diffs, options.output));
      if (diffs.some(({ failures }) => failures.length > 0)) process.exitCode = exitCodes.failed;
      else if (diffs.some(({ objects }) => objects.length > 0)) process.exitCode = exitCodes.different;
    }),
  );
}

async function diffAll(cluster: Cluster, { chosen, objects, whole, signal }: RenderedTree): Promise<StackDiff[]> {
  let done = 0;
  const onObject = (): void => void (done += 1);
  const diffs: StackDiff[] = [];
  const work = (async (): Promise<void> => {
    for (const item of chosen) diffs.push(await diffStack(item, { cluster, whole, signal, onObject }));
  })();
  await withProgress(() => `tried ${done} of ${objects} objects`, work);
  return diffs;
}
