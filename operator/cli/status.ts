/** `plumbline status [stack]`: how sources and stacks stand; exits with 1 when one of them is not ready. */
import type { Command } from 'commander';
import { gitSourceKind, stackKind, type GitSource, type Stack } from '#api';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { addOutputOption, serialise, table, type OutputFormat } from './output.ts';
import { addNamespaceOption, findOwn, listOwn, readyOf, type Live, type NamespaceOptions } from './own-objects.ts';
import { coloured, shortRevision, standingOf } from './standing.ts';
import { exitCodes } from './verb.ts';

interface StatusOptions extends ClusterOptions, NamespaceOptions {
  readonly output?: OutputFormat;
}

export function define(command: Command): void {
  addOutputOption(addNamespaceOption(addClusterOptions(command)))
    .argument('[stack]', 'name or namespace/name; all sources and stacks when absent')
    .action((stack: string | undefined, options: StatusOptions) =>
      withCluster(options, (cluster) => status(cluster, stack, options)),
    );
}

async function status(cluster: Cluster, name: string | undefined, options: StatusOptions): Promise<void> {
  const { output, namespace } = options;
  const sources = name === undefined ? await listOwn<GitSource>(cluster, gitSourceKind, { namespace }) : [];
  const stacks =
    name === undefined
      ? await listOwn<Stack>(cluster, stackKind, { namespace })
      : [await findOwn<Stack>(cluster, stackKind, name, options)];
  const all = [...sources, ...stacks];
  if (all.some((object) => !['Ready', 'Suspended'].includes(standingOf(object)))) {
    process.exitCode = exitCodes.different;
  }
  if (output === 'json' || output === 'yaml') {
    process.stdout.write(serialise({ apiVersion: 'v1', kind: 'List', items: all }, output));
    return;
  }
  const wide = output === 'wide';
  const parts = [
    ...(sources.length === 0 ? [] : [sourceTable(sources, wide)]),
    stacks.length === 0 ? 'no stacks\n' : stackTable(stacks, wide),
    ...stacks.map(details).filter((text) => text !== ''),
  ];
  process.stdout.write(parts.join('\n'));
}

function sourceTable(sources: readonly Live<GitSource>[], wide: boolean): string {
  const rows = sources.map((source) => [
    source.metadata.namespace ?? '',
    source.metadata.name,
    coloured(standingOf(source)),
    shortRevision(source.status?.artifact?.revision),
    ...(wide ? [source.spec.url] : []),
    source.status?.artifact?.subject ?? readyOf(source)?.message ?? '',
  ]);
  return table(['NAMESPACE', 'SOURCE', 'STATUS', 'REVISION', ...(wide ? ['URL'] : []), 'COMMIT'], rows);
}

function stackTable(stacks: readonly Live<Stack>[], wide: boolean): string {
  const rows = stacks.map((stack) => [
    stack.metadata.namespace ?? '',
    stack.metadata.name,
    coloured(standingOf(stack)),
    shortRevision(stack.status?.applied?.revision),
    String(stack.status?.objects ?? '-'),
    ...(wide ? [stack.spec.sourceRef.name, stack.spec.path] : []),
    readyOf(stack)?.message ?? 'not looked at yet',
  ]);
  const more = wide ? ['SOURCE', 'PATH'] : [];
  return table(['NAMESPACE', 'STACK', 'STATUS', 'REVISION', 'OBJECTS', ...more, 'MESSAGE'], rows);
}

/** What failed, what drifted and when it is tried again. */
function details({ metadata, status }: Live<Stack>): string {
  const lines = [
    ...(status?.failures ?? []).map(({ object, message }) => `  failed   ${object}: ${message}`),
    ...(status?.drift ?? [])
      .filter(({ healed }) => !healed)
      .map(({ object, field, from, to, manager }) =>
        field === ''
          ? `  drifted  ${object} was deleted`
          : `  drifted  ${object} ${field}: ${from ?? ''} became ${to ?? ''}, by ${manager ?? 'an unknown manager'}`,
      ),
    ...(status?.nextTry === undefined ? [] : [`  again    ${status.nextTry}`]),
  ];
  return lines.length === 0 ? '' : `${metadata.namespace}/${metadata.name}\n${lines.join('\n')}\n`;
}
