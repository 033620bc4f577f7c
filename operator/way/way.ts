/** The way of one commit into the cluster: the only file that knows the order of the rooms. */
import type { Stack } from '#api';
import type { ApplyReport } from '#apply';
import { gate } from '#gate';
import { asFailure, failure, moving, type Failure, type Outcome } from '#runtime';
import type { Plan, Rendered, Revision } from '#values';
import { agree, agreedBefore, type Agreed } from './agreed.ts';
import { correctDrift } from './drifted.ts';
import { contextOf } from './engine-context.ts';
import { noteNoDrift } from './drift-report.ts';
import { healthOfStack, noteHealth } from './healthy.ts';
import { applied, isApplied, keepRendered, recordChange } from './recorded.ts';
import { failuresOf } from './failures.ts';
import { accountOf, refOf, stackKeyOf } from './stack-ref.ts';
import { notePlanApplied, retirePlans } from './stale-plans.ts';
import type { House, Walk } from './house.ts';

/**
 * Takes a stack from where the world is to where its commit is, as far as it can go now. Every run derives its
 * state from the inventory, the watches and the status, so a crash at any line resumes.
 * @throws Failure what stands in the way; the cluster then stays on the last good revision.
 */
export async function walk(stack: Stack, house: House, walk: Walk): Promise<Outcome> {
  await correctDrift(stack, house, walk);
  const revision = house.revisionOf(stack);
  if (revision === undefined)
    return mayStand(stack, house) ? healthOfStack(stack, house, walk) : house.waitForSource(stack);
  // Commits that leave the stack alone do not interrupt it, and each may push this one off the shelf.
  using _held = house.hold(revision);
  const engine = house.engineOf(stack);
  const tree = engine.treeOf(stack, revision);
  const inputs = await engine.inputsOf(stack, walk.context);
  const last = stack.status?.applied;
  if (isApplied(stack, { tree, inputs }) && last !== undefined && isFinished(stack, house)) {
    // The commit is newer, what it says of this stack is not: nothing is written for that.
    walk.context.report({ wanted: { revision: last.revision, commit: last.commit } });
    await retirePlans(stack, 'the commit asks for what is there', house, walk);
    return await healthOfStack(stack, house, walk);
  }
  walk.context.report({ wanted: { revision: revision.name, commit: revision.commit } });
  if (last !== undefined) await noteHealth(stack, house, walk);
  const rendered = await renderStack(stack, revision, house, walk);
  const planned = planStack(stack, rendered, house);
  // Asked in one breath with the plan: whoever reads the commit a moment later may claim what this plan would prune.
  const handover = planned.prunes.length > 0 ? house.waitForHandover(stack) : undefined;
  const plan = await letGo(stack, planned, house);
  const commit = { revision, rendered, plan, tree: tree ?? '', inputs };
  const agreed = await mayGo(stack, { ...commit, handover }, house, walk);
  if (agreed !== undefined && 'kind' in agreed) return agreed;
  return await change(stack, { ...commit, agreed }, house, walk);
}

/** A wait while others have a say; else on whose word it goes, where anybody was asked. */
async function mayGo(
  stack: Stack,
  { handover, ...commit }: Commit & { readonly handover: Outcome | undefined },
  house: House,
  walk: Walk,
): Promise<Agreed | Outcome | undefined> {
  const { rendered, plan } = commit;
  if (house.engineOf(stack).hasBegun(stack, rendered)) return agreedBefore(stack, house);
  const closed = gate(house.gateInput(stack));
  if ('kind' in closed) return closed;
  if (handover !== undefined && plan.prunes.length > 0) return handover;
  if (plan.changes > 0) await house.assertAccount(accountOf(stack, house), walk.context.signal);
  return agree(stack, commit, house, walk);
}

/** An operator that has just begun has not heard of its sources yet: what was good when it ended stands until it has. */
function mayStand(stack: Stack, house: House): boolean {
  const ready = stack.status?.conditions?.find(({ type }) => type === 'Ready');
  const isLatest = stack.status?.applied?.generation === stack.metadata.generation;
  return isLatest && ready?.status !== 'False' && isFinished(stack, house) && house.hasSource(stack);
}

/**
 * Whether the inventory is what it was when the commit was applied. It is not when an apply or a deletion was cut short,
 * or when a newer commit was applied in part, or in full without its status being written, and then taken back.
 */
function isFinished(stack: Stack, house: House): boolean {
  const { inventory } = stack.status?.applied ?? {};
  return inventory === house.inventory.fingerprint(stackKeyOf(stack));
}

/**
 * Hands over what moved to other stacks, whatever this stack waits for or fails over: the receiver may be what it
 * waits for. Nothing changes in the cluster by that.
 */
async function letGo(stack: Stack, plan: Plan, house: House): Promise<Plan> {
  const moved = plan.prunes.filter(({ key, action }) => action === 'forget' && house.movesTo(stack, key) !== undefined);
  if (moved.length === 0) return plan;
  for (const { key } of moved) {
    // Who claimed it may have read a newer commit since: handed to nobody, it would be lost.
    if (house.movesTo(stack, key) === undefined)
      throw failure('Superseded', { what: `${key} moves to no other stack any more` });
    await house.handOver(stack, key);
  }
  await house.inventory.flush(refOf(stack));
  return { ...plan, prunes: plan.prunes.filter((object) => !moved.includes(object)) };
}

interface Commit {
  readonly revision: Revision;
  readonly rendered: Rendered;
  readonly plan: Plan;
  readonly agreed?: Agreed | undefined;
  readonly tree: string;
  readonly inputs: string | undefined;
}

/** Carries the plan out; comes back early, to be called again, while a wave or a deletion is on its way. */
async function change(stack: Stack, commit: Commit, house: House, walk: Walk): Promise<Outcome> {
  const { context } = walk;
  const engine = house.engineOf(stack);
  const applyContext = { ...contextOf(stack, commit.revision, house, walk), held: commit.agreed?.held };
  const report = await engine.apply(commit.plan, applyContext);
  if (report.status !== undefined) context.report(report.status);
  if (report.failures.length > 0 || report.failed !== undefined)
    return fail({ stack, ...commit, ...report }, house, walk);
  if (!report.result.done) {
    return moving(report.result.reason, report.result.message);
  }
  const doomed = commit.plan.prunes.filter(({ action }) => action === 'prune').map(({ key }) => key);
  for (const { key, action } of commit.plan.prunes) if (action === 'forget') await house.handOver(stack, key);
  const pruned = await engine.prune(doomed, applyContext);
  if (pruned.failures.length > 0)
    return fail({ stack, ...commit, ...report, failures: pruned.failures, reason: 'PruneFailed' }, house, walk);
  if (pruned.remaining.length > 0) {
    await house.inventory.flush(refOf(stack));
    return moving(
      'Progressing',
      `${pruned.remaining.length} objects are being deleted: ${pruned.remaining.slice(0, 3).join(', ')}`,
    );
  }
  const { approved } = commit.agreed ?? {};
  await recordChange(
    { stack, ...commit, told: report.objects, approved, failures: [], result: 'Applied' },
    house,
    walk,
  );
  await house.inventory.flush(refOf(stack));
  const { sent = commit.rendered.objects, isIdle = false } = report;
  if (!isIdle) await keepRendered(stack, { ...commit.rendered, objects: sent }, house, walk);
  const done = applied(commit, stack, house);
  const objects = house.inventory.of(stackKeyOf(stack)).size;
  context.report({ applied: done, objects, failures: null, failureCount: 0 });
  if (approved !== undefined) await notePlanApplied(stack, approved.name, house);
  const now = { ...stack, status: { ...stack.status, applied: done } };
  if (stack.spec.drift.mode !== 'ignore') noteNoDrift(now, house, walk);
  // What drifted while the apply was in hand was left alone until now.
  await correctDrift(now, house, walk);
  return healthOfStack(now, house, walk);
}

async function renderStack(stack: Stack, revision: Revision, house: House, { context }: Walk): Promise<Rendered> {
  const key = stackKeyOf(stack);
  const content = house.contentOf(stack, revision);
  try {
    const rendered = await house.engineOf(stack).render({ stack, revision, signal: context.signal });
    house.claim(
      key,
      content,
      rendered.objects.map((object) => object.key),
    );
    return rendered;
  } catch (error) {
    const failed = asFailure(error);
    // A commit that cannot be read holds nobody up. An API server that is away says nothing of what the commit holds.
    if (failed.retry === 'on-change' && !context.signal.aborted) house.claim(key, content, []);
    throw failed;
  }
}

function planStack(stack: Stack, rendered: Rendered, house: House): Plan {
  return house.engineOf(stack).plan({
    of: stack,
    rendered,
    inventory: house.inventory.of(stackKeyOf(stack)),
    standing: isFinished(stack, house) ? stack.status?.applied?.digest : undefined,
    movesTo: (object) => house.movesTo(stack, object),
    keepsWhenPruned: (object) => house.observed.get(object)?.keepWhenPruned ?? false,
  });
}

interface Failed extends Commit, Pick<ApplyReport, 'objects' | 'failures' | 'unknownKinds'> {
  readonly failed?: Failure | undefined;
  readonly stack: Stack;
  readonly reason?: 'PruneFailed';
}

/** Tells what failed, records what was done all the same, and throws. */
async function fail(failed: Failed, house: House, walk: Walk): Promise<never> {
  const { stack, failures, reason = 'ApplyFailed' } = failed;
  house.waitForKinds(stack, failed.unknownKinds);
  walk.context.report({ failures: failuresOf(failures), failureCount: failures.length });
  // An API server that is away for a moment is no result: the next run goes on, and tells of what this one did.
  if (failures.some((one) => one.reason !== 'ApiUnavailable'))
    await recordChange(
      { ...failed, told: failed.objects, approved: failed.agreed?.approved, result: 'Failed' },
      house,
      walk,
    );
  await house.inventory.flush(refOf(stack));
  if (failed.failed !== undefined) throw failed.failed;
  const [first] = failures;
  const single = failures.length === 1 && first !== undefined;
  const rest = failures.length > 1 ? ` (and ${failures.length - 1} more, see status.failures)` : '';
  throw failure(single ? (first.reason as 'ApplyFailed') : reason, { what: `${first?.key}: ${first?.message}${rest}` });
}
