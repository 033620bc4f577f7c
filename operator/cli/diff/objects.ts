/** One stack against the cluster: every object by server-side dry run, what left Git by the inventory. */
import { annotations, type Stack } from '#api';
import { previewOne } from '#apply';
import { ignoreRules, isIgnored, leaveIgnored, type IgnoreRule } from '#drift';
import { apiFailure, getObject, parseKey, type KubeObject, type ObjectKey, type Resource } from '#kube';
import { assertNotEmptied, assertPruneLimit, changedFields, planObjects, type FieldChange } from '#plan';
import { asFailure, Failure, failure, mapBounded } from '#runtime';
import type { Inventory, ObjectFailure, Plan, PlannedObject, RenderedObject } from '#values';
import type { Cluster } from '../cluster.ts';
import { resourceOf } from '../installation.ts';
import { idOf } from '../own-objects.ts';
import { identityOf, type Identity } from './account.ts';
import type { RenderedStack } from './rendering.ts';
import type { Whole } from './whole.ts';

export type DiffAction = 'create' | 'change' | 'adopt' | 'recreate' | 'drift' | 'prune' | 'release';

export interface ObjectDiff {
  readonly key: ObjectKey;
  readonly action: DiffAction;
  /** `file:line`; of what is pruned, nothing is left in Git. */
  readonly where?: string;
  readonly note?: string;
  readonly fields: readonly Pick<FieldChange, 'path' | 'from' | 'to'>[];
}

export interface StackDiff {
  readonly stack: string;
  readonly account: string;
  readonly notes: string[];
  readonly unchanged: number;
  readonly objects: readonly ObjectDiff[];
  readonly failures: readonly ObjectFailure[];
}

export interface DiffContext {
  readonly cluster: Cluster;
  readonly whole: Whole;
  readonly signal: AbortSignal;
  /** Called after each object. */
  readonly onObject: () => void;
}

/** Requests in flight at once. */
const concurrency = 16;

export async function diffStack(item: RenderedStack, context: DiffContext): Promise<StackDiff> {
  const { stack, rendered } = item;
  const id = idOf(stack);
  const notes = notesOf(item);
  const nothing = { stack: id, account: '', notes, unchanged: 0, objects: [] };
  const failed = ({ reason, message }: Failure): StackDiff => ({
    ...nothing,
    failures: [{ key: id, reason, message }],
  });
  if (rendered instanceof Failure) return failed(rendered);
  try {
    const identity = await identityOf(context.cluster, stack);
    if (identity.note !== undefined) notes.push(identity.note);
    const inventory: Inventory = context.whole.inventories.get(id) ?? new Map();
    const world = { ...context, id, stack, identity, inventory, ignored: ignoreRules(stack.spec.drift.ignore) };
    const { path, allowEmpty } = stack.spec;
    assertNotEmptied({ path, rendered: rendered.objects.length, owned: inventory.size, allowEmpty });
    const found = await diffObjects(rendered.objects, world);
    const { as } = identity;
    const account = as === undefined ? 'you' : `ServiceAccount ${as.namespace}/${as.name}`;
    return { ...nothing, account, ...found, notes: [...notes, ...found.notes] };
  } catch (error) {
    context.signal.throwIfAborted();
    return failed(asFailure(error));
  }
}

function notesOf({ stack, changes }: RenderedStack): string[] {
  return [
    ...(changes === 'new' ? ['the stack comes with this change'] : []),
    ...(changes === 'spec' ? ['shown with the spec that this change gives it'] : []),
    ...(stack.spec.suspend ? ['suspended: nothing is done until `plumbline resume`'] : []),
    ...(stack.metadata.deletionTimestamp === undefined ? [] : ['the stack is being deleted']),
  ];
}

/** What is known around one stack. */
interface World extends DiffContext {
  readonly id: string;
  readonly stack: Stack;
  readonly identity: Identity;
  readonly inventory: Inventory;
  readonly ignored: readonly IgnoreRule[];
}

async function diffObjects(
  rendered: readonly RenderedObject[],
  world: World,
): Promise<Pick<StackDiff, 'notes' | 'unchanged' | 'objects' | 'failures'>> {
  const failures: ObjectFailure[] = [];
  const wanted = new Set(
    rendered.filter(({ object }) => object.metadata.annotations?.[annotations.apply] !== 'skip').map(({ key }) => key),
  );
  const left = [...world.inventory.keys()].filter((key) => !wanted.has(key));
  const live = new Map<ObjectKey, KubeObject>();
  const each = async <T>(items: readonly T[], keyOf: (item: T) => ObjectKey, work: (item: T) => Promise<void>) =>
    mapBounded(
      items,
      concurrency,
      async (item) => {
        await work(item).catch((error: unknown) => {
          world.signal.throwIfAborted();
          const { reason, message } = asFailure(error);
          failures.push({ key: keyOf(item), reason, message });
        });
        world.onObject();
      },
      { signal: world.signal },
    );
  await each(
    left,
    (key) => key,
    async (key) => {
      const found = await liveOf(key, world);
      if (found !== undefined) live.set(key, found);
    },
  );
  const plan = planOf(rendered, live, world);
  const tried = plan.waves.flatMap(({ objects }) => objects).filter(isSent);
  const changed = new Map<ObjectKey, ObjectDiff>();
  await each(
    tried,
    ({ key }) => key,
    async (planned) => {
      const diff = await diffObject(planned, world);
      if (diff !== undefined) changed.set(planned.key, diff);
    },
  );
  const gone = plan.prunes.filter(({ key, why }) => live.has(key) && !why.startsWith('moved'));
  const notes = limitOf(gone, world);
  return {
    notes,
    failures: failures.sort((a, b) => a.key.localeCompare(b.key)),
    unchanged: rendered.length - changed.size - failures.filter(({ key }) => wanted.has(key as ObjectKey)).length,
    // In the order of the apply.
    objects: [...tried.flatMap(({ key }) => changed.get(key) ?? []), ...gone.map(removal)],
  };
}

const isSent = ({ action, rendered }: PlannedObject): boolean =>
  action === 'apply' || (action === 'keep' && rendered !== undefined && modeOf(rendered) !== 'create-only');

const removal = ({ key, action, why }: PlannedObject): ObjectDiff => ({
  key,
  action: action === 'prune' ? 'prune' : 'release',
  note: action === 'prune' ? why : `stays in the cluster: ${why}`,
  fields: [],
});

function planOf(rendered: readonly RenderedObject[], live: ReadonlyMap<ObjectKey, KubeObject>, world: World): Plan {
  return planObjects({
    rendered: { objects: rendered, digest: '' },
    inventory: world.inventory,
    prune: world.stack.spec.prune,
    movesTo: (key) => world.whole.movesTo(key, world.id),
    keepsWhenPruned: (key) => live.get(key)?.metadata.annotations?.[annotations.prune] === 'skip',
  });
}

/** What the brake on mass deletion would say. */
function limitOf(gone: readonly PlannedObject[], { stack, inventory }: World): string[] {
  const prunes = gone.filter(({ action }) => action === 'prune').map(({ key }) => key);
  const percent = prunes.length === inventory.size && stack.spec.allowEmpty ? 100 : stack.spec.pruneLimit;
  const confirmed = stack.metadata.annotations?.[annotations.confirmPrune];
  try {
    assertPruneLimit({ prunes, owned: inventory.size, percent, confirmed });
    return [];
  } catch (error) {
    return [`the operator would wait: ${asFailure(error).message}`];
  }
}

async function liveOf(key: ObjectKey, { cluster, identity, signal }: World): Promise<KubeObject | undefined> {
  const { group, kind, namespace, name } = parseKey(key);
  const resource = await cluster.discovery.resource({ group, kind });
  if (resource === undefined) return undefined;
  const { transport } = cluster;
  return getObject({ transport, resource, name, namespace, as: identity.as, signal }).catch((error: unknown) => {
    throw apiFailure(error, { verb: 'get', key, as: identity.as });
  });
}

/** Undefined when the object is as Git says. @throws Failure with the API server's reason */
async function diffObject({ key, action, rendered }: PlannedObject, world: World): Promise<ObjectDiff | undefined> {
  if (rendered === undefined) return undefined;
  assertFree(rendered, world);
  const resource = await resourceOf(world.cluster, rendered.object);
  if (resource === undefined) {
    if (!world.whole.definitions.has(key.slice(0, key.indexOf('/')))) throw unknownKind(rendered);
    return creation(rendered, 'its kind is defined in the same change, so the API server can not check it yet');
  }
  try {
    return await tryObject(rendered, resource, action === 'keep', world);
  } catch (error) {
    const { namespace = '' } = rendered.object.metadata;
    const isNew = error instanceof Failure && error.reason === 'NamespaceNotFound';
    if (!isNew || !world.whole.namespaces.has(namespace)) throw error;
    return creation(rendered, 'its namespace comes with the same change, so the API server can not check it yet');
  }
}

/** `kept`: Git says what it said at the last apply, so that any difference is drift. */
async function tryObject(
  rendered: RenderedObject,
  resource: Resource,
  kept: boolean,
  world: World,
): Promise<ObjectDiff | undefined> {
  const { cluster, identity, inventory, signal } = world;
  const { force, recreate } = world.stack.spec;
  const preview = await previewOne({
    transport: cluster.transport,
    rendered,
    resource,
    known: inventory.has(rendered.key),
    recreate,
    // As the operator puts drift back: what drifted was the stack's own.
    force: force || kept,
    as: identity.as,
    leave: leaveIgnored(world.ignored, rendered.key),
    signal,
  });
  if (preview.live === undefined) return creation(rendered, kept ? 'somebody deleted it' : undefined);
  if (modeOf(rendered) === 'create-only') return undefined;
  const rules = world.ignored.filter((rule) => rule.matches(rendered.key));
  const fields = changedFields(preview.live, preview.after).filter(({ pointer }) => !isIgnored(pointer, rules));
  if (fields.length === 0 && preview.action !== 'recreated') return undefined;
  const action = preview.action === 'configured' && kept ? 'drift' : actions[preview.action];
  return { key: rendered.key, action, where: placeOf(rendered), fields };
}

const actions = { created: 'create', configured: 'change', adopted: 'adopt', recreated: 'recreate' } as const;
const placeOf = ({ origin }: RenderedObject): string => `${origin.file}:${origin.line}`;
const modeOf = ({ object }: RenderedObject): string | undefined => object.metadata.annotations?.[annotations.apply];

const creation = (rendered: RenderedObject, note?: string): ObjectDiff => ({
  key: rendered.key,
  action: 'create',
  where: placeOf(rendered),
  ...(note === undefined ? {} : { note }),
  fields: changedFields(skeleton(rendered.object), rendered.object),
});

/** The same object without content, so that each of its fields counts as new. */
function skeleton({ apiVersion, kind, metadata, ...fields }: KubeObject): KubeObject {
  const { name, namespace } = metadata;
  const empty = Object.entries(fields).map(([field, value]) => [field, isMap(value) ? {} : undefined]);
  const own = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...(Object.fromEntries(empty) as object), apiVersion, kind, metadata: own };
}

const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws Failure OwnedByOtherStack */
function assertFree(rendered: RenderedObject, { whole, id }: World): void {
  const owner = whole.heldBy(rendered.key, id);
  if (owner === undefined) return;
  const what = `${rendered.key} belongs to stack ${owner}`;
  throw failure('OwnedByOtherStack', { where: placeOf(rendered), what, remedy: 'keep it in one of the two stacks' });
}

const unknownKind = (rendered: RenderedObject): Failure =>
  failure('UnknownKind', {
    where: placeOf(rendered),
    what: `the API server does not know kind ${rendered.object.kind} of ${rendered.object.apiVersion}`,
    remedy: 'install its CustomResourceDefinition, or commit it with the object',
  });
