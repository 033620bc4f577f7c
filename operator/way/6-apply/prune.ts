/** Deletes what left Git, in reverse order of apply, one phase after the other, and only what is provably ours. */
import {
  apiFailure,
  deleteObject,
  getObject,
  managedDigest,
  parseKey,
  type KubeObject,
  type ObjectKey,
  type Resource,
} from '#kube';
import { asFailure, mapBounded } from '#runtime';
import type { AppliedObject, ObjectFailure } from '#values';
import { sendProven } from './held.ts';
import { isKnown, labelledStack, stackKey, type ApplyContext } from './apply-plan.ts';

export interface PruneReport {
  readonly objects: AppliedObject[];
  readonly failures: ObjectFailure[];
  /** Deleted but still there: held by finalizers, or on their way. */
  readonly remaining: ObjectKey[];
  /** How far it has come, where the engine can say more than what remains. */
  readonly line?: string;
}

export interface PruneRequest {
  /** In the order in which they are to go. */
  readonly keys: readonly ObjectKey[];
  /** Objects of one phase go together; the next phase waits until they are gone. */
  readonly phaseOf: (key: ObjectKey) => number;
}

/** Every call sends what can go now; call again when the remaining objects are gone. The caller writes the inventory. */
export async function pruneObjects({ keys, phaseOf }: PruneRequest, context: ApplyContext): Promise<PruneReport> {
  const report: PruneReport = { objects: [], failures: [], remaining: [] };
  if (keys.length === 0) return report;
  await context.observed.ensure(await knownKinds(keys, context));
  await announce(keys, context);
  let index = 0;
  while (index < keys.length && report.remaining.length === 0 && report.failures.length === 0) {
    const phase = phaseOf(keys[index] as ObjectKey);
    const batch: ObjectKey[] = [];
    for (let key = keys[index]; key !== undefined && phaseOf(key) === phase; key = keys[(index += 1)]) batch.push(key);
    await mapBounded(batch, context.concurrency, (key) => pruneOne(key, context, report), { signal: context.signal });
  }
  for (const key of keys.slice(index)) report.remaining.push(key);
  return report;
}

/** Marks the objects as in hand, so that their going is not taken for drift, by nobody and after no crash. */
async function announce(keys: readonly ObjectKey[], { inventory, stack, signal }: ApplyContext): Promise<void> {
  const owner = stackKey(stack);
  for (const key of keys) {
    const entry = inventory.of(owner).get(key);
    if (entry !== undefined && entry.desired !== '') inventory.put(owner, { ...entry, desired: '' });
  }
  await inventory.flush(stack, signal);
}

async function knownKinds(keys: readonly ObjectKey[], { discovery }: ApplyContext): Promise<ObjectKey[]> {
  const known: ObjectKey[] = [];
  // A table from before could lack a kind that is served now, and its objects would be taken for gone.
  discovery.invalidate();
  for (const key of keys) if ((await discovery.resource(parseKey(key))) !== undefined) known.push(key);
  return known;
}

async function pruneOne(key: ObjectKey, context: ApplyContext, report: PruneReport): Promise<void> {
  const { discovery, inventory, observed, stack, as, transport, signal } = context;
  const owner = stackKey(stack);
  const drop = (pruned: boolean): void => {
    inventory.drop(owner, key, { pruned });
    if (pruned) report.objects.push({ key, action: 'pruned', fields: [] });
  };
  // What was announced and never sent leaves no trace.
  const entry = inventory.of(owner).get(key);
  const gone = (): void => drop(entry === undefined || isKnown(entry) === true);
  try {
    const { group, kind, namespace, name } = parseKey(key);
    const resource = await discovery.resource({ group, kind });
    // A kind that is no longer served has no objects left: they went with its definition.
    if (resource === undefined) return gone();
    const live = observed.get(key);
    if (live?.deleting) return void report.remaining.push(key);
    if (live === undefined) {
      const found = await readUnseen(key, resource, context);
      if (found === undefined) return gone();
      if (!isOurs(found, owner)) return drop(false);
    }
    const planned = { key, action: 'prune', why: 'not in Git any more' } as const;
    const { deleted } = await sendProven(context.held, planned, (proof) =>
      deleteObject({
        transport,
        resource,
        name,
        namespace,
        uid: live?.uid,
        version: proof?.version,
        propagation: 'Background',
        as,
        signal,
      }),
    );
    if (deleted) drop(true);
    else report.remaining.push(key);
  } catch (error) {
    signal.throwIfAborted();
    const { reason, message } = asFailure(apiFailure(error, { verb: 'delete', key, as }));
    report.failures.push({ key, reason, message });
  }
}

/** An object that the watch does not show may have lost its label by hand: ask before believing that it is gone. */
function readUnseen(
  key: ObjectKey,
  resource: Resource,
  { transport, as, signal }: ApplyContext,
): Promise<KubeObject | undefined> {
  const { name, namespace } = parseKey(key);
  return getObject({ transport, resource, name, namespace, as, signal });
}

function isOurs(object: KubeObject, stack: string): boolean {
  const owner = labelledStack(object);
  return owner === undefined ? managedDigest(object) !== '' : owner === stack;
}
