/** Which stacks a diff is about: one by name, those of a file, or all whose source fetches the repository at hand. */
import { readFile } from 'node:fs/promises';
import {
  gitSourceKind,
  inventoryKind,
  stackKind,
  validateObject,
  withDefaults,
  type GitSource,
  type Inventory as InventoryObject,
  type KindDefinition,
  type Stack,
} from '#api';
import { readInventories } from '#apply';
import type { KubeObject } from '#kube';
import { readYaml } from '#render';
import { failure } from '#runtime';
import { isSameRepository, type LocalRepository } from '#source';
import type { Inventory } from '#values';
import type { Cluster } from '../cluster.ts';
import { idOf, listOwn, pickOwn } from '../own-objects.ts';

export interface ChoiceOptions {
  readonly namespace?: string;
  readonly source?: string;
  readonly file?: readonly string[];
}

export interface Choice {
  readonly chosen: readonly Stack[];
  /** The other stacks of their sources: objects may move from or to them. */
  readonly peers: readonly Stack[];
  readonly sources: ReadonlyMap<string, GitSource>;
  readonly inventories: ReadonlyMap<string, Inventory>;
  /** New stacks that the change brings along belong to it too. */
  readonly follows: boolean;
}

export const sourceIdOf = ({ metadata, spec }: Stack): string =>
  `${spec.sourceRef.namespace ?? metadata.namespace}/${spec.sourceRef.name}`;

/** @throws Failure CommandInvalid when nothing fits */
export async function choose(
  cluster: Cluster,
  repository: LocalRepository,
  name: string | undefined,
  options: ChoiceOptions,
): Promise<Choice> {
  const { namespace } = options;
  const [stacks, sources, inventories] = await Promise.all([
    listOwn<Stack>(cluster, stackKind, { namespace }),
    listOwn<GitSource>(cluster, gitSourceKind, { namespace }),
    listOwn<InventoryObject>(cluster, inventoryKind, { namespace }),
  ]);
  const written = await readOwn(options.file ?? [], namespace ?? cluster.config.namespace ?? 'default');
  const allSources = byId([...sources, ...(written.filter(({ kind }) => kind === 'GitSource') as GitSource[])]);
  const fromFiles = written.filter(({ kind }) => kind === 'Stack') as Stack[];
  const all = byId([...stacks, ...fromFiles]);
  const alone = name !== undefined || (fromFiles.length > 0 && options.source === undefined);
  const chosen = alone
    ? name === undefined
      ? fromFiles
      : [pickOwn([...all.values()], stackKind.kind, name, options)]
    : await ofSources([...all.values()], [...allSources.values()], repository, options);
  const ids = new Set(chosen.map(sourceIdOf));
  const peers = [...all.values()].filter((stack) => ids.has(sourceIdOf(stack)) && !chosen.includes(stack));
  return { chosen, peers, sources: allSources, inventories: inventoriesOf(inventories), follows: !alone };
}

async function ofSources(
  stacks: readonly Stack[],
  sources: readonly GitSource[],
  repository: LocalRepository,
  options: ChoiceOptions,
): Promise<Stack[]> {
  const remotes = await repository.remotes();
  const places = [...remotes, repository.root];
  const wanted =
    options.source === undefined
      ? sources.filter(({ spec }) => places.some((place) => isSameRepository(place, spec.url)))
      : [pickOwn(sources, gitSourceKind.kind, options.source, options)];
  if (wanted.length === 0) {
    throw failure('CommandInvalid', {
      what: `no GitSource fetches ${repository.root}, whose remotes are ${remotes.join(', ') || 'none'}`,
      remedy: 'name a stack, or a source with --source',
    });
  }
  const ids = new Set(wanted.map(idOf));
  const found = stacks.filter((stack) => ids.has(sourceIdOf(stack)));
  if (found.length > 0) return found;
  throw failure('CommandInvalid', {
    what: `no stack is of source ${[...ids].join(', ')}`,
    remedy: 'give stacks that are not in the cluster yet with --file',
  });
}

/** Later ones win. */
const byId = <T extends Stack | GitSource>(objects: readonly T[]): Map<string, T> =>
  new Map(objects.map((object) => [idOf(object), object]));

function inventoriesOf(shards: readonly InventoryObject[]): Map<string, Inventory> {
  const stacks = [...readInventories(shards)];
  return new Map(stacks.map(([stack, { entries }]) => [stack, new Map(entries.map((entry) => [entry.key, entry]))]));
}

/** The stacks and sources of YAML files, checked and with their defaults. @throws Failure CommandInvalid, YamlInvalid */
async function readOwn(files: readonly string[], namespace: string): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw failure('CommandInvalid', { where: '--file', what: `${file} can not be read` }, { cause });
    });
    const objects = readYaml(text, file).flatMap(({ value, line }) => own(value, `${file}:${line}`, namespace));
    if (objects.length > 0) found.push(...objects);
    else throw failure('CommandInvalid', { where: file, what: 'there is no Stack in it', remedy: 'name another file' });
  }
  return found;
}

function own(value: unknown, where: string, namespace: string): KubeObject[] {
  const object = value as KubeObject | null;
  const definition = [stackKind, gitSourceKind].find(
    ({ apiVersion, kind }) => object?.apiVersion === apiVersion && object.kind === kind,
  );
  if (object === null || definition === undefined) return [];
  const [problem] = validateObject(definition, object);
  if (problem === undefined) return [complete(object, definition, namespace)];
  const { path, expected, found } = problem;
  throw failure('CommandInvalid', { where, what: path, expected, found });
}

/** As the API server would read it back. */
export function complete<T extends KubeObject>(object: T, { spec }: KindDefinition, namespace: string): T {
  const metadata = { ...object.metadata, namespace: object.metadata.namespace ?? namespace };
  return { ...object, metadata, spec: withDefaults(spec, object['spec']) };
}
