/** `plumbline tree [stack]`: what each stack owns; stacks that are owned by a stack stand below it. */
import type { Command } from 'commander';
import { readInventories } from '#apply';
import { inventoryKind, stackKind, type Inventory, type Stack } from '#api';
import { objectKey, type ObjectKey } from '#kube';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { colour } from './output.ts';
import { addNamespaceOption, findOwn, idOf, listOwn, type Live, type NamespaceOptions } from './own-objects.ts';
import { coloured, shortRevision, standingOf } from './standing.ts';

type TreeOptions = ClusterOptions & NamespaceOptions;

interface Forest {
  /** By key. */
  readonly stacks: ReadonlyMap<ObjectKey, Live<Stack>>;
  /** By namespace/name of the stack. */
  readonly owned: ReadonlyMap<string, readonly ObjectKey[]>;
}

export function define(command: Command): void {
  addNamespaceOption(addClusterOptions(command))
    .argument('[stack]', 'name or namespace/name; all stacks when absent')
    .action((stack: string | undefined, options: TreeOptions) =>
      withCluster(options, (cluster) => tree(cluster, stack, options)),
    );
}

async function tree(cluster: Cluster, name: string | undefined, options: TreeOptions): Promise<void> {
  const root = name === undefined ? undefined : await findOwn<Stack>(cluster, stackKind, name, options);
  const { namespace } = options;
  const stacks = await listOwn<Stack>(cluster, stackKind, root === undefined ? { namespace } : {});
  const inventories = await listOwn<Inventory>(cluster, inventoryKind, root === undefined ? { namespace } : {});
  const forest: Forest = {
    stacks: new Map(stacks.map((stack) => [objectKey(stack), stack])),
    owned: ownedBy(inventories),
  };
  const below = new Set([...forest.owned.values()].flat());
  const roots = root === undefined ? stacks.filter((stack) => !below.has(objectKey(stack))) : [root];
  const lines = roots.flatMap((stack) => [headline(stack), ...branches(stack, forest, new Set([objectKey(stack)]))]);
  process.stdout.write(lines.length === 0 ? 'no stacks\n' : `${lines.join('\n')}\n`);
}

function ownedBy(inventories: readonly Live<Inventory>[]): Map<string, ObjectKey[]> {
  const stacks = [...readInventories(inventories)];
  return new Map(stacks.map(([stack, { entries }]) => [stack, entries.map(({ key }) => key).sort()]));
}

function headline(stack: Live<Stack>): string {
  const after = stack.spec.dependsOn ?? [];
  const order = after.length === 0 ? '' : colour('dim', `  after ${after.map(({ name }) => name).join(', ')}`);
  const revision = shortRevision(stack.status?.applied?.revision);
  return `${colour('bold', idOf(stack))}  ${coloured(standingOf(stack))}  ${revision}${order}`;
}

/** `above` are the stacks on the way down: stacks that own each other are shown once. */
function branches(stack: Live<Stack>, forest: Forest, above: ReadonlySet<ObjectKey>): string[] {
  const failures = new Map((stack.status?.failures ?? []).map(({ object, message }) => [object, message]));
  const keys = forest.owned.get(idOf(stack)) ?? [];
  return keys.flatMap((key, index) => {
    const last = index === keys.length - 1;
    const child = above.has(key) ? undefined : forest.stacks.get(key);
    const failed = failures.get(key);
    const text = child === undefined ? key : headline(child);
    const line = `${last ? '└─' : '├─'} ${text}${failed === undefined ? '' : `  ${colour('red', failed)}`}`;
    const deeper = child === undefined ? [] : branches(child, forest, new Set([...above, key]));
    return [line, ...deeper.map((below) => `${last ? '  ' : '│ '} ${below}`)];
  });
}
