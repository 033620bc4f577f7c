/** `plumbline why <kind>/<name>`: the stack, file root, commit and author that an object of the cluster comes from. */
import type { Command } from 'commander';
import { gitSourceKind, inventoryKind, stackKind, type GitSource, type Inventory, type Stack } from '#api';
import { readInventories } from '#apply';
import { parseKey, type ObjectKey } from '#kube';
import { failure } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { changesOf } from './history.ts';
import { addNamespaceOption, findOwn, listOwn, type NamespaceOptions } from './own-objects.ts';
import { exitCodes } from './verb.ts';

type WhyOptions = ClusterOptions & NamespaceOptions;

interface Owned {
  readonly key: ObjectKey;
  readonly commit: string;
  /** namespace/name */
  readonly stack: string;
}

export function define(command: Command): void {
  addNamespaceOption(addClusterOptions(command))
    .argument('<object>', 'kind/name, kind.group/name or kind.group/namespace/name')
    .action((object: string, options: WhyOptions) =>
      withCluster(options, async (cluster) => {
        const found = await owners(cluster, object, options);
        if (found.length > 0)
          return void process.stdout.write(
            await Promise.all(found.map((one) => told(cluster, one))).then((all) => all.join('\n')),
          );
        process.stdout.write(`no stack owns ${object}: nothing in Git asks for it\n`);
        process.exitCode = exitCodes.different;
      }),
    );
}

/** What the inventories hold under that name; kinds are matched whatever their case. */
async function owners(cluster: Cluster, object: string, { namespace }: WhyOptions): Promise<Owned[]> {
  const wanted = parseWanted(object, namespace);
  const inventories = await listOwn<Inventory>(cluster, inventoryKind);
  return [...readInventories(inventories)].flatMap(([stack, { entries }]) =>
    entries.filter(({ key }) => matches(key, wanted)).map(({ key, commit }) => ({ key, commit, stack })),
  );
}

interface Wanted {
  readonly kind: string;
  readonly group?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name: string;
}

function parseWanted(object: string, namespace: string | undefined): Wanted {
  const [type = '', ...rest] = object.split('/');
  const name = rest.at(-1) ?? '';
  if (type === '' || name === '' || rest.length > 2) {
    throw failure('CommandInvalid', {
      what: `${object} is no name of an object`,
      remedy: 'write it as Deployment/cart, or Deployment.apps/shop/cart',
    });
  }
  const dot = type.indexOf('.');
  const kind = (dot < 0 ? type : type.slice(0, dot)).toLowerCase();
  return {
    kind,
    group: dot < 0 ? undefined : type.slice(dot + 1),
    namespace: rest.length === 2 ? rest[0] : namespace,
    name,
  };
}

function matches(key: ObjectKey, { kind, group, namespace, name }: Wanted): boolean {
  const has = parseKey(key);
  return (
    has.kind.toLowerCase() === kind &&
    has.name === name &&
    (group === undefined || has.group === group) &&
    (namespace === undefined || has.namespace === undefined || has.namespace === namespace)
  );
}

async function told(cluster: Cluster, { key, commit, stack: id }: Owned): Promise<string> {
  const stack = await findOwn<Stack>(cluster, stackKind, id, {});
  const { sourceRef, path } = stack.spec;
  const sourceId = `${sourceRef.namespace ?? stack.metadata.namespace}/${sourceRef.name}`;
  const sources = await listOwn<GitSource>(cluster, gitSourceKind);
  const source = sources.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === sourceId);
  const changes = await changesOf(cluster, stack.metadata.namespace, stack.metadata.name);
  const change = changes.find(({ spec }) => spec.commit.sha === commit);
  const record = change?.spec.objects.find(({ object }) => object === key);
  const by = change?.spec.commit;
  return [
    key,
    `  stack    ${id}`,
    `  source   ${sourceId}${source === undefined ? '' : `, ${source.spec.url}`}, path ${path}`,
    `  commit   ${commit === '' ? 'the apply is in hand' : commit}`,
    ...(by === undefined ? [] : [`  by       ${by.author}, ${by.time}: ${by.subject}`]),
    ...(record === undefined ? [] : [`  done     ${record.action}${fields(record.fields)}`]),
    '',
  ].join('\n');
}

const fields = (changed: readonly string[] | undefined): string =>
  changed === undefined || changed.length === 0 ? '' : `: ${changed.join(', ')}`;
