/** What is noted of a revision once it is applied: the status that proves it, and the Change that remembers it. */
import type { Change, Stack } from '#api';
import { getObject } from '#kube';
import { diskFull, isDiskFull } from '#runtime';
import { writeChange, type ChangeFacts } from '#record';
import type { AppliedObject, ObjectFailure, Rendered, Revision } from '#values';
import type { House, Walk } from './house.ts';
import { stackKeyOf } from './stack-ref.ts';

interface Commit {
  readonly revision: Revision;
  readonly rendered: Rendered;
  readonly tree: string;
  /** Digest of what the stack is given beside the commit. */
  readonly inputs: string | undefined;
}

/** Keeps what was sent on disk: a cache, for without it drift is put back from the commit, or the engine's own copy. */
export async function keepRendered(
  stack: Stack,
  rendered: Rendered,
  { rendered: kept }: House,
  { context }: Walk,
): Promise<void> {
  const key = stackKeyOf(stack);
  try {
    await kept.save(key, rendered, stack.spec.history);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    const undone = 'what was applied could not be kept on it';
    const { message } = diskFull({ where: key, undone, then: 'until then it is rendered again to put drift back' });
    context.log.warn(message);
  }
}

export type AppliedStatus = NonNullable<NonNullable<Stack['status']>['applied']>;

/** Whether what the stack reads, is given and says itself is what was applied last: then there is nothing to do. */
export function isApplied(
  { status, metadata }: Stack,
  { tree, inputs }: { readonly tree: string | undefined; readonly inputs: string | undefined },
): boolean {
  const last = status?.applied;
  if (tree === undefined || last === undefined) return false;
  return last.tree === tree && last.inputs === inputs && last.generation === metadata.generation;
}

export function applied({ revision, rendered, tree, inputs }: Commit, stack: Stack, house: House): AppliedStatus {
  return {
    revision: revision.name,
    commit: revision.commit,
    tree,
    digest: rendered.digest,
    generation: stack.metadata.generation ?? 0,
    ...(inputs === undefined ? {} : { inputs }),
    inventory: house.inventory.fingerprint(stackKeyOf(stack)),
    time: new Date(house.clock.now()).toISOString(),
  };
}

interface ChangeRequest extends Commit {
  readonly stack: Stack;
  readonly failures: readonly ObjectFailure[];
  /** What the engine says of what it did: fields, and what is no object of the cluster. */
  readonly told: readonly AppliedObject[];
  readonly result: ChangeFacts['result'];
  readonly approved?: ChangeFacts['approved'] | undefined;
}

/**
 * Writes the Change of what was done since the last one; nothing done leaves no record. What was done stands in the
 * inventory until then, and the name of the Change is made of what it tells: so a crash neither loses nor doubles it.
 */
export async function recordChange(request: ChangeRequest, house: House, { startedMs, context }: Walk): Promise<void> {
  const { stack, failures, result, revision } = request;
  const changed = await nameFields(request, house);
  if (changed.length === 0) return;
  const message = summary(changed, failures);
  await writeChange(
    {
      ...request,
      objects: changed,
      digest: request.rendered.digest,
      message,
      startedMs,
      endedMs: house.clock.now(),
    },
    { transport: house.transport, ...house.changes },
  );
  house.inventory.recorded(stackKeyOf(stack));
  for (const { action } of changed) house.metrics.appliedObjects.inc({ action });
  const type = result === 'Failed' ? 'Warning' : 'Normal';
  context.event({
    type,
    reason: result === 'Failed' ? 'ApplyFailed' : 'Applied',
    message: `${revision.name}: ${message}`,
  });
}

/**
 * Called before the stack's first run: a process that ended between writing a Change and noting that leaves an inventory
 * which would tell of the same once more. @throws ApiError
 */
export async function recallLastChange(stack: Stack, house: House): Promise<void> {
  const key = stackKeyOf(stack);
  if (!house.inventory.isUnfinished(key)) return;
  const name = house.changes.namesOf(stack).at(-1);
  if (name === undefined) return;
  const { namespace } = stack.metadata;
  const { transport, changes } = house;
  const last = await getObject<Change>({ transport, resource: changes.resource, namespace, name });
  // The status is written last: all was noted of a commit that it names.
  if (last === undefined || last.spec.commit.sha === stack.status?.applied?.commit) return;
  house.inventory.told(key, { commit: last.spec.commit.sha, objects: last.spec.objects });
}

/** What was done, with the changed fields of configured objects, from the last revision that was rendered here. */
async function nameFields({ stack, rendered, told }: ChangeRequest, house: House): Promise<AppliedObject[]> {
  const fields = new Map<string, readonly string[]>(told.map((object) => [object.key, object.fields]));
  const owned = house.inventory.unrecorded(stackKeyOf(stack));
  const inCluster = owned.map((object) => ({ ...object, fields: fields.get(object.key) ?? [] }));
  const done = [...inCluster, ...told.filter(({ key }) => key.startsWith('urn:'))];
  const configured = done.filter(({ action }) => action === 'configured').map(({ key }) => key);
  const digest = stack.status?.applied?.digest;
  if (configured.length === 0 || digest === undefined) return done;
  const before = await house.rendered.load(stackKeyOf(stack), digest, new Set(configured));
  if (before === undefined) return done;
  const after = new Map(rendered.objects.map((object) => [object.key, object]));
  return done.map((object) => {
    const [old, now] = [before.get(object.key), after.get(object.key)];
    if (old === undefined || now === undefined) return object;
    return { ...object, fields: house.fieldsBetween(old.object, now.object) };
  });
}

function summary(objects: readonly AppliedObject[], failures: readonly ObjectFailure[]): string {
  const counts = new Map<string, number>();
  for (const { action } of objects) counts.set(action, (counts.get(action) ?? 0) + 1);
  const parts = [...counts].map(
    ([action, count]) => `${count} ${action}${action === 'adopted' ? adopted(objects) : ''}`,
  );
  if (failures.length > 0) parts.push(`${failures.length} failed`);
  return parts.join(', ');
}

/** What was there before belongs to the stack from now on: that is said by name. */
function adopted(objects: readonly AppliedObject[]): string {
  const names = objects.filter(({ action }) => action === 'adopted').map(({ key }) => key);
  return ` (${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''})`;
}
