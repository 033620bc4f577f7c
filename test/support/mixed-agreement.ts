/** Whether cluster, Git, inventories, states and statuses of Pulumi and manifests stacks all say the same; one line a difference. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { annotations, labels, type Change, type Inventory, type Stack } from '#api';
import type { KubeObject } from '#kube';
import { mixedNames, mixedStacks, type MixedModel, type MixedObject, type MixedStack } from './mixed-model.ts';
import type { Platform } from './platform.ts';
import { ready } from './platform.ts';
import { configMapsOf, stateDifferences, storedIn, type LiveConfigMap, type StoredState } from './pulumi-agreement.ts';
import { lockHolder, runProcesses } from './pulumi-platform.ts';

interface World {
  readonly platform: Platform;
  readonly model: MixedModel;
  /** The operator's. */
  readonly folder: string;
  /** The last commit. */
  readonly head: string;
}

interface Seen {
  readonly live: readonly LiveConfigMap[];
  readonly inventories: readonly Inventory[];
  readonly changes: readonly Change[];
}

export async function mixedDifferences(world: World): Promise<string[]> {
  const { platform, folder, head } = world;
  const { cluster, namespace } = platform;
  const source = await cluster.get<KubeObject & { status?: { artifact?: { commit?: string } } }>(
    'plumbline.dev/v1alpha1',
    'GitSource',
    'source',
    namespace,
  );
  const seen = {
    live: await configMapsOf(cluster, namespace),
    inventories: await listOf<Inventory>(platform, 'inventories'),
    changes: await listOf<Change>(platform, 'changes'),
  };
  const lines = source?.status?.artifact?.commit === head ? [] : ['the source has not the last commit'];
  for (const name of mixedNames) {
    const found = await ofStack(name, world, seen);
    lines.push(...found.map((line) => `${name}: ${line}`));
  }
  const strays = seen.live.filter(({ metadata }) => !mixedNames.includes(stackOf(metadata) as MixedStack));
  lines.push(...strays.map(({ metadata }) => `nobody's: ${metadata.name}`));
  lines.push(...runProcesses({ folder }).map((line) => `still running: ${line}`));
  const runs = await readdir(join(folder, 'data', 'pulumi', 'runs')).catch(() => []);
  return [...lines, ...runs.map((name) => `still on disk: ${name}`)];
}

const stackOf = ({ labels: all }: LiveConfigMap['metadata']): string | undefined => all?.[labels.stack];

async function listOf<T>({ cluster, namespace }: Platform, plural: string): Promise<readonly T[]> {
  const path = `/apis/plumbline.dev/v1alpha1/namespaces/${namespace}/${plural}`;
  return (await cluster.transport.request<{ items: readonly T[] }>({ method: 'GET', path })).body.items;
}

async function ofStack(name: MixedStack, { platform, model }: World, seen: Seen): Promise<string[]> {
  const stack = await platform.get(name);
  if (stack === undefined) return ['there is no Stack'];
  const live = seen.live.filter(({ metadata }) => stackOf(metadata) === name);
  const objects = model.objectsOf(name);
  const isPulumi = mixedStacks[name].engine === 'pulumi';
  return [
    ...ofStatus(stack, objects.length),
    ...ofObjects({ name, objects, live }, model),
    ...(isPulumi ? await ofState(name, platform, live) : []),
    ...ofRecords({ name, platform, live }, seen),
  ];
}

function ofStatus({ status, metadata }: Stack, count: number): string[] {
  const { conditions = [], objects, failureCount, applied, wanted } = status ?? {};
  const isReady = ready({ metadata, status } as Stack);
  const lines = conditions
    .filter(
      ({ type, status: is }) =>
        ['Drifted', 'Reconciling', 'Stalled', 'AwaitingApproval'].includes(type) && is === 'True',
    )
    .map(({ type, message }) => `${type}: ${message}`);
  if (isReady?.status !== 'True' || isReady.observedGeneration !== metadata.generation)
    lines.push(`not Ready: ${isReady?.message}`);
  if (applied?.commit !== wanted?.commit) lines.push(`has applied ${applied?.commit}, and wants ${wanted?.commit}`);
  if (objects !== count) lines.push(`counts ${objects} objects, not ${count}`);
  if ((failureCount ?? 0) > 0) lines.push(`${failureCount} failures`);
  return lines;
}

interface Owned {
  readonly name: MixedStack;
  readonly live: readonly LiveConfigMap[];
}

/** Each object of Git is there once, as Git says, and nothing else is. */
function ofObjects(
  { objects, live }: Owned & { readonly objects: readonly MixedObject[] },
  model: MixedModel,
): string[] {
  const left = new Set(live);
  const lines = objects.flatMap((object) => {
    const found = live.find((one) => isOf(one, object));
    if (found === undefined) return [`${object.id} is missing`];
    left.delete(found);
    const { metadata, data } = found;
    const isAsSaid =
      isDeepStrictEqual(data, model.dataOf(object)) && metadata.labels?.['generation'] === object.generation;
    return isAsSaid ? [] : [`${metadata.name} is not as Git says: ${JSON.stringify([metadata.labels, data])}`];
  });
  return [...lines, ...[...left].map(({ metadata }) => `${metadata.name} is left`)];
}

function isOf({ metadata }: LiveConfigMap, { stack, id, name }: MixedObject): boolean {
  const isInProgram = metadata.annotations?.[annotations.urn]?.endsWith(`::${id}`) ?? false;
  return mixedStacks[stack].engine === 'pulumi'
    ? isInProgram && (name === undefined || metadata.name === name)
    : metadata.name === name;
}

async function ofState(name: MixedStack, platform: Platform, live: readonly LiveConfigMap[]): Promise<string[]> {
  const state = await stateOf(platform, name);
  const holder = await lockHolder(platform, name);
  const lines = state === undefined ? ['there is no state'] : stateDifferences(state, live);
  return holder === undefined ? lines : [...lines, `${holder} holds the lock`];
}

/** As the cluster keeps it. */
async function stateOf({ cluster, namespace }: Platform, stack: string): Promise<StoredState | undefined> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const { body } = await cluster.transport.request<{ items: SecretObject[] }>({ method: 'GET', path });
  const decoded = (secret: string, entry: string): Buffer =>
    Buffer.from(body.items.find(({ metadata }) => metadata.name === secret)?.data?.[entry] ?? '', 'base64');
  const manifest = decoded(`${stack}-pulumi-state`, 'manifest.json').toString();
  if (manifest === '') return undefined;
  const { files } = JSON.parse(manifest) as { files: { path: string; chunks: { secret: string }[] }[] };
  const chunks = files.find((file) => file.path.endsWith('/dev.json'))?.chunks;
  if (chunks === undefined) return undefined;
  return storedIn(Buffer.concat(chunks.map(({ secret }) => gunzipSync(decoded(secret, 'piece.gz')))).toString());
}

type SecretObject = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** The inventory lists exactly what is there, with nothing in hand, and the Changes tell of each object. */
function ofRecords({ name, platform, live }: Owned & { readonly platform: Platform }, seen: Seen): string[] {
  const keys = live.map(({ metadata }) => `ConfigMap/${platform.namespace}/${metadata.name}`).sort();
  const inventories = seen.inventories.filter(({ spec }) => spec.stack === name);
  const entries = inventories.flatMap(({ spec }) => spec.entries);
  const listed = entries.map(({ key }) => key).sort();
  const inHand = entries.filter(({ desired = '', unrecorded }) => desired === '' || unrecorded !== undefined);
  const lines = inHand.map(({ key }) => `in hand: ${key}`);
  if (inventories.some(({ spec }) => spec.run !== undefined)) lines.push('a run is in hand');
  if (!isDeepStrictEqual(listed, keys)) lines.push(`the inventory lists ${listed.join(', ')}, not ${keys.join(', ')}`);
  const told = toldBy(seen.changes.filter(({ spec }) => spec.stack === name));
  if (!isDeepStrictEqual([...told].sort(), keys))
    lines.push(`the Changes tell of ${[...told].sort().join(', ')}, not ${keys.join(', ')}`);
  return lines;
}

/** The objects that are there by what the Changes say. */
function toldBy(changes: readonly Change[]): Set<string> {
  const there = new Set<string>();
  const inOrder = changes.toSorted((a, b) => a.spec.startedAt.localeCompare(b.spec.startedAt));
  for (const { object, action } of inOrder.flatMap(({ spec }) => spec.objects)) {
    if (action === 'pruned') there.delete(object);
    else there.add(object);
  }
  return there;
}
