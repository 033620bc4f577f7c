/** What `suspend` and `resume` share. */
import type { Command } from 'commander';
import { gitSourceKind, stackKind, type GitSource, type Stack } from '#api';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { addNamespaceOption, findOwn, idOf, mark, type NamespaceOptions } from './own-objects.ts';

interface SwitchOptions extends ClusterOptions, NamespaceOptions {
  readonly source?: true;
}

export function defineSwitch(command: Command, suspend: boolean): void {
  addNamespaceOption(addClusterOptions(command))
    .argument('<name>', 'name or namespace/name of the stack')
    .option('--source', 'the name is that of a GitSource')
    .action((name: string, options: SwitchOptions) =>
      withCluster(options, (cluster) => turn(cluster, name, suspend, options)),
    );
}

async function turn(cluster: Cluster, name: string, suspend: boolean, options: SwitchOptions): Promise<void> {
  const definition = options.source === true ? gitSourceKind : stackKind;
  const object = await findOwn<Stack | GitSource>(cluster, definition, name, options);
  // Null gives the field back to its default, so that nobody but Git goes on owning it.
  await mark(cluster, object, { spec: { suspend: suspend ? true : null } });
  process.stdout.write(`${definition.kind} ${idOf(object)} ${suspend ? 'is suspended' : 'goes on'}\n`);
}
