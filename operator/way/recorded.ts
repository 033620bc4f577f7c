/** What is noted of a revision once it is applied: the status that proves it, and the Change that remembers it. */
import type { Stack } from '#api';
import { writeChange, type ChangeFacts } from '#record';
import type { AppliedObject, ObjectFailure, Rendered, Revision } from '#values';
import type { House, Walk } from './house.ts';

interface Commit {
  readonly revision: Revision;
  readonly rendered: Rendered;
  readonly tree: string;
}

export type AppliedStatus = NonNullable<NonNullable<Stack['status']>['applied']>;

/** Whether the tree of the stack's path and its spec are what was applied last: then there is nothing to do. */
export function isApplied({ status, metadata }: Stack, tree: string | undefined): boolean {
  const last = status?.applied;
  return tree !== undefined && last !== undefined && last.tree === tree && last.generation === metadata.generation;
}

export function applied({ revision, rendered, tree }: Commit, { metadata }: Stack, now: number): AppliedStatus {
  return {
    revision: revision.name,
    commit: revision.commit,
    tree,
    digest: rendered.digest,
    generation: metadata.generation ?? 0,
    time: new Date(now).toISOString(),
  };
}

interface ChangeRequest extends Commit {
  readonly stack: Stack;
  readonly objects: readonly AppliedObject[];
  readonly failures: readonly ObjectFailure[];
  readonly result: ChangeFacts['result'];
}

/** Writes the Change of what was done; a run that changed nothing leaves no record. */
export async function recordChange(request: ChangeRequest, house: House, { startedMs, context }: Walk): Promise<void> {
  const { objects, failures, result, revision } = request;
  const changed = objects.filter(({ action }) => action !== 'unchanged');
  for (const { action } of changed) house.metrics.appliedObjects.inc({ action });
  if (changed.length === 0) return;
  const message = summary(changed, failures);
  await writeChange(
    { ...request, digest: request.rendered.digest, message, startedMs, endedMs: house.clock.now() },
    { transport: house.transport, ...house.changes },
  );
  const type = result === 'Failed' ? 'Warning' : 'Normal';
  context.event({
    type,
    reason: result === 'Failed' ? 'ApplyFailed' : 'Applied',
    message: `${revision.name}: ${message}`,
  });
}

function summary(objects: readonly AppliedObject[], failures: readonly ObjectFailure[]): string {
  const counts = new Map<string, number>();
  for (const { action } of objects) counts.set(action, (counts.get(action) ?? 0) + 1);
  const parts = [...counts].map(([action, count]) => `${count} ${action}`);
  if (failures.length > 0) parts.push(`${failures.length} failed`);
  return parts.join(', ');
}
