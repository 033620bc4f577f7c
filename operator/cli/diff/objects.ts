/** One stack against the cluster: every object by server-side dry run, what left Git by the inventory. */
import { annotations, type Stack } from '#api';
import { ignoreRules, isIgnored, leaveIgnored } from '#drift';
import { liveOf, modeOf, placeOf, tryObject, type Trial, type TrialContext } from '#engines';
import type { KubeObject, ObjectKey } from '#kube';
import { assertNotEmptied, assertPruneLimit, planObjects, type FieldChange } from '#plan';
import { asFailure, Failure, mapBounded } from '#runtime';
import type { Inventory, ObjectFailure, Plan, PlannedObject, RenderedObject } from '#values';
import type { Cluster } from '../cluster.ts';
import { idOf } from '../own-objects.ts';
import { identityOf, type Identity } from './account.ts';
import type { RenderedStack } from './rendering.ts';
import type { Whole } from './whole.ts';

export type DiffAction = 'create' | 'change' | 'adopt' | 'recreate' | 'drift' | 'prune' | 'release';

export interface ObjectDiff {
  readonly key: string;
  readonly action: DiffAction;
  /** `file:line`; of what is pruned, nothing is left in Git. */
  readonly where?: string;
  readonly note?: string;
  readonly fields: readonly Pick<FieldChange, 'path' | 'from' | 'to'>[];
}

export interface StackDiff {
  readonly stack: string;
  readonly account: string;
  /** What is said of it in a line; how many objects differ, when absent. */
  readonly headline?: string;
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
    const world = { ...context, id, stack, inventory, trial: trialOf(stack, identity, inventory, context) };
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
  readonly inventory: Inventory;
  readonly trial: TrialContext;
}

/** How the objects of a stack are tried: as its account, with what the whole change brings along. */
export function trialOf(
  stack: Stack,
  { as }: Identity,
  inventory: Inventory,
  { cluster, whole, signal }: Pick<DiffContext, 'cluster' | 'whole' | 'signal'>,
): TrialContext {
  const { transport, discovery } = cluster;
  const { force, recreate } = stack.spec;
  const { definitions, namespaces } = whole;
  const rules = ignoreRules(stack.spec.drift.ignore);
  return {
    transport,
    discovery,
    owned: inventory,
    as,
    force,
    recreate,
    leaveOf: (key) => leaveIgnored(rules, key),
    isIgnored: (key, pointer) =>
      isIgnored(
        pointer,
        rules.filter((rule) => rule.matches(key)),
      ),
    definitions,
    namespaces,
    heldBy: (key) => whole.heldBy(key, idOf(stack)),
    signal,
  };
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
      const found = await liveOf(key, world.trial);
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

/** Undefined when the object is as Git says. @throws Failure with the API server's reason */
async function diffObject(planned: PlannedObject, world: World): Promise<ObjectDiff | undefined> {
  const { key, action: planning, rendered } = planned;
  if (rendered === undefined) return undefined;
  const trial = await tryObject({ ...planned, rendered }, world.trial);
  if (trial === undefined || isAsWanted(trial)) return undefined;
  const { action, fields, note } = trial;
  const told = action === 'configured' && planning === 'keep' ? 'drift' : actions[action];
  return { key, action: told, where: placeOf(rendered), fields, ...(note === undefined ? {} : { note }) };
}

const isAsWanted = ({ action, fields }: Trial): boolean =>
  fields.length === 0 && action !== 'recreated' && action !== 'created';

const actions = { created: 'create', configured: 'change', adopted: 'adopt', recreated: 'recreate' } as const;
