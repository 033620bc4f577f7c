/** Carries out a plan wave by wave: every object of a wave is tried, every failure is named, later waves wait. */
import { labels } from '#api';
import {
  groupKindOf,
  kindName,
  managedDigest,
  parseKey,
  type Discovery,
  type KubeObject,
  type ObjectKey,
  type Transport,
} from '#kube';
import { asFailure, failure, type Failure, mapBounded } from '#runtime';
import type {
  AppliedObject,
  Health,
  Inventory,
  InventoryEntry,
  ObjectAction,
  ObjectFailure,
  Plan,
  PlannedObject,
  RenderedObject,
  Wave,
} from '#values';
import { applyOne, type Account, type Leave } from './apply-one.ts';
import { sendProven, type Held } from './held.ts';
import type { InventoryStore, StackRef } from './inventory.ts';

/** What the API server is known to hold of an object, from the watches. */
export interface Observed {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Digest of our managed fields; '' when we own none. */
  readonly seen: string;
  /** `namespace/name` of the owning stack as its labels say. */
  readonly stack: string | undefined;
  readonly deleting: boolean;
  readonly keepWhenPruned: boolean;
  readonly health: Health;
}

/** The watches of owned objects, as the apply needs them. */
export interface ObservedObjects {
  get(key: ObjectKey): Observed | undefined;
  /** Opens the watches of the kinds that are not watched yet; resolves when each has been listed. */
  ensure(keys: Iterable<ObjectKey>): Promise<void>;
  /** Sends a write so that the next `get` sees its answer. */
  write(key: ObjectKey, send: () => Promise<KubeObject>): Promise<KubeObject>;
}

export interface ApplyContext {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly inventory: InventoryStore;
  readonly observed: ObservedObjects;
  readonly stack: StackRef;
  readonly as: Account | undefined;
  readonly force: boolean;
  readonly recreate: boolean;
  /** Whether what others take of our fields is drift that is to be put back. */
  readonly takesBack: boolean;
  /** What to send of an object of which the stack leaves some fields to others; undefined when it leaves none. */
  leaveOf(key: ObjectKey): Leave | undefined;
  readonly commit: string;
  /** The approved plan, where the stack asks for approval. */
  readonly held?: Held | undefined;
  /** Requests in flight at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

export type WaveResult =
  | { readonly done: true }
  /** What holds up the rest, as the stack is to say it. */
  | { readonly done: false; readonly reason: string; readonly message: string };

export interface ApplyReport {
  readonly objects: AppliedObject[];
  readonly failures: ObjectFailure[];
  /** Kinds that the API server does not know yet, as `Kind.group`. */
  readonly unknownKinds: Set<string>;
  result: WaveResult;
  /** What stands in the way of all the rest, in words of its own. */
  readonly failed?: Failure;
  /** The objects as they were sent, where only the engine knows that. */
  readonly sent?: readonly RenderedObject[];
  /** There was nothing to do: what was sent before stands. */
  readonly isIdle?: boolean;
  /** Fields of the status that there is news of. */
  readonly status?: Readonly<Record<string, unknown>>;
}

/**
 * Applies what the plan says. Inventory is written before the first object, and after the last one unless all went
 * well: then the caller writes it, once a Change tells of what was done. So nothing which was created is ever unknown.
 */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<ApplyReport> {
  const report: ApplyReport = { objects: [], failures: [], unknownKinds: new Set(), result: { done: true } };
  const known = new Map(context.inventory.of(stackKey(context.stack)));
  let finished = false;
  await announce(plan, context);
  try {
    for (const wave of plan.waves) {
      await applyWave(wave, known, context, report);
      context.signal.throwIfAborted();
      if (report.failures.length > 0) break;
      const waitsFor = wave.barrier ? notCurrent(wave, context) : [];
      if (waitsFor.length > 0) {
        const message = `wave ${wave.name} waits for ${waitsFor.slice(0, 3).join(', ')}`;
        report.result = { done: false, reason: 'HealthProgressing', message };
        break;
      }
    }
    finished = report.failures.length === 0 && report.result.done;
  } finally {
    if (!finished) await context.inventory.flush(context.stack);
  }
  return report;
}

/** `namespace/name` of the stack that the labels name. */
export function labelledStack({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[labels.stack];
  return name === undefined ? undefined : `${metadata.labels?.[labels.stackNamespace]}/${name}`;
}

export const stackKey = ({ namespace, name }: StackRef): string => `${namespace}/${name}`;

/** Enters every object that is about to be sent, digests empty: a crash from here on finds them again. */
async function announce(plan: Plan, { inventory, stack, commit, signal }: ApplyContext): Promise<void> {
  const owner = stackKey(stack);
  for (const { objects } of plan.waves) {
    for (const { key, action } of objects) {
      const other = inventory.ownerOf(key);
      if (action !== 'apply' || (other !== undefined && other !== owner)) continue;
      const entry = inventory.of(owner).get(key);
      const unrecorded = entry?.unrecorded ?? (entry === undefined ? 'created' : 'configured');
      inventory.put(owner, { key, desired: '', seen: entry?.seen ?? '', commit, unrecorded });
    }
  }
  await inventory.flush(stack, signal);
}

/** What the inventory held before this run. */
type Known = Inventory;

/** Whether the stack has had the object before. */
export function isKnown(before: InventoryEntry | undefined): boolean | 'unsure' {
  if (before === undefined) return false;
  const { desired, seen, unrecorded } = before;
  return desired === '' && seen === '' && unrecorded === 'created' ? 'unsure' : true;
}

async function applyWave(wave: Wave, known: Known, context: ApplyContext, report: ApplyReport): Promise<void> {
  const objects = wave.objects.filter(({ action }) => action === 'apply');
  await mapBounded(
    objects,
    context.concurrency,
    async (planned) => {
      try {
        await applyPlanned(planned, known, context, report);
      } catch (error) {
        context.signal.throwIfAborted();
        const { reason, message } = asFailure(error);
        report.failures.push({ key: planned.key, reason, message });
      }
    },
    { signal: context.signal },
  );
  // The answers are in the inventory; the watches now start from a state that already holds the objects.
  await context.observed.ensure(
    objects.map(({ key }) => key).filter((key) => !report.unknownKinds.has(kindOfKey(key))),
  );
}

const kindOfKey = (key: ObjectKey): string => key.slice(0, key.indexOf('/'));

async function applyPlanned(
  planned: PlannedObject,
  known: Known,
  context: ApplyContext,
  report: ApplyReport,
): Promise<void> {
  const { key, rendered } = planned;
  if (rendered === undefined) return;
  const { inventory, observed, stack, commit } = context;
  assertOwned(key, rendered, context);
  const resource = await resolve(rendered, context, report);
  const before = observed.get(key);
  let action: AppliedObject['action'] = 'configured';
  const object = await observed.write(key, async () => {
    const applied = await sendProven(context.held, planned, (proof) =>
      applyOne({
        ...context,
        resource,
        rendered,
        known: isKnown(known.get(key)),
        seen: context.takesBack ? known.get(key)?.seen : undefined,
        leave: context.leaveOf(key),
        proof,
      }),
    );
    action = applied.action;
    return applied.object;
  });
  const same = before?.resourceVersion === object.metadata.resourceVersion;
  const last = known.get(key);
  if (action === 'configured' && same && last !== undefined) action = 'unchanged';
  // Git only creates it, and it was there before: it stays whose it is.
  if (labelledStack(object) !== stackKey(stack)) return inventory.drop(stackKey(stack), key);
  const unrecorded = since(isKnown(last) === true ? last?.unrecorded : undefined, action);
  inventory.put(stackKey(stack), {
    key,
    desired: rendered.digest,
    seen: managedDigest(object),
    commit,
    ...(unrecorded === undefined ? {} : { unrecorded }),
    ...(expires(object) ? { expires: true } : {}),
  });
  report.objects.push({ key, action, fields: [] });
}

/** What was done in all since the last record: an object that came is told of as having come. */
function since(before: ObjectAction | undefined, now: ObjectAction): ObjectAction | undefined {
  if (now === 'unchanged') return before;
  return before === undefined || before === 'configured' || now !== 'configured' ? now : before;
}

/** @throws Failure OwnedByOtherStack: an object has one owning stack, and the first one keeps it. */
function assertOwned(key: ObjectKey, { origin }: RenderedObject, { inventory, stack }: ApplyContext): void {
  const owner = inventory.ownerOf(key);
  if (owner === undefined || owner === stackKey(stack)) return;
  throw failure('OwnedByOtherStack', {
    where: `${origin.file}:${origin.line}`,
    what: `${key} belongs to stack ${owner}`,
    remedy: 'keep it in one of the two stacks',
  });
}

async function resolve({ object, key, origin }: RenderedObject, { discovery }: ApplyContext, report: ApplyReport) {
  const { group, kind } = parseKey(key);
  const version = object.apiVersion.slice(object.apiVersion.indexOf('/') + 1);
  const resource = await discovery.resource({ group, kind }, version);
  if (resource !== undefined) return resource;
  report.unknownKinds.add(kindOfKey(key));
  throw failure('UnknownKind', {
    where: `${origin.file}:${origin.line}`,
    what: `the API server does not know kind ${kind} of ${object.apiVersion}`,
    remedy: 'install its CustomResourceDefinition; the object is then applied by itself',
  });
}

function notCurrent(wave: Wave, { observed, inventory, stack }: ApplyContext): ObjectKey[] {
  const own = inventory.of(stackKey(stack));
  return wave.objects
    .filter(({ key }) => {
      const [entry, live] = [own.get(key), observed.get(key)];
      if (entry === undefined) return false;
      return live === undefined ? entry.expires !== true : live.health.status !== 'current';
    })
    .map(({ key }) => key);
}

/** The TTL controller deletes a finished Job that asks for it: bringing it back would do its work again, for ever. */
const expires = (object: KubeObject): boolean =>
  kindName(groupKindOf(object)) === 'Job.batch' &&
  (object['spec'] as { ttlSecondsAfterFinished?: number } | undefined)?.ttlSecondsAfterFinished !== undefined;
