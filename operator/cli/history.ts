/** `plumbline history <stack>`: the applied revisions of a stack, newest first. */
import type { Command } from 'commander';
import { changeKind, labels, stackKind, type Change, type Stack } from '#api';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { addOutputOption, serialise, table, type OutputFormat } from './output.ts';
import { addNamespaceOption, findOwn, listOwn, type Live, type NamespaceOptions } from './own-objects.ts';

interface HistoryOptions extends ClusterOptions, NamespaceOptions {
  readonly output?: OutputFormat;
}

export function define(command: Command): void {
  addOutputOption(addNamespaceOption(addClusterOptions(command)))
    .argument('<stack>', 'name or namespace/name')
    .action((stack: string, options: HistoryOptions) =>
      withCluster(options, async (cluster) => {
        const { metadata } = await findOwn<Stack>(cluster, stackKind, stack, options);
        print(await changesOf(cluster, metadata.namespace, metadata.name), options.output);
      }),
    );
}

/** Newest first. */
export async function changesOf(
  cluster: Cluster,
  namespace: string | undefined,
  stack: string,
): Promise<Live<Change>[]> {
  const selector = `${labels.changeOf}=${stack}`;
  const changes = await listOwn<Change>(cluster, changeKind, { namespace, selector });
  return changes.sort((a, b) => b.spec.startedAt.localeCompare(a.spec.startedAt));
}

function print(changes: readonly Live<Change>[], output: OutputFormat | undefined): void {
  if (output === 'json' || output === 'yaml') {
    return void process.stdout.write(serialise({ apiVersion: 'v1', kind: 'List', items: changes }, output));
  }
  const wide = output === 'wide';
  const rows = changes.map(({ spec }) => [
    spec.startedAt,
    spec.commit.sha.slice(0, 7),
    spec.result,
    `+${spec.created} ~${spec.configured} -${spec.pruned}${spec.failed === 0 ? '' : ` !${spec.failed}`}`,
    spec.commit.author,
    ...(wide ? [spec.message] : []),
    spec.commit.subject,
  ]);
  const header = ['TIME', 'COMMIT', 'RESULT', 'OBJECTS', 'AUTHOR', ...(wide ? ['MESSAGE'] : []), 'SUBJECT'];
  process.stdout.write(changes.length === 0 ? 'nothing was applied yet\n' : table(header, rows));
}
