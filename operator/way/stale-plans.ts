/** What becomes of plans that are not the ones to be applied: they say why they are stale, or that they were applied. */
import type { PlanSpec, Stack } from '#api';
import { isVisible } from '#plan';
import type { House, PlanView, Walk } from './house.ts';

/** The open plan of this digest, if there is one; all others are marked. */
export async function tellStale(stack: Stack, now: PlanSpec, house: House, walk: Walk): Promise<PlanView | undefined> {
  const open = house.plans.open(stack);
  for (const plan of open) {
    if (plan.digest === now.digest) continue;
    const message = whyStale(plan, now);
    await house.plans.mark(stack, plan.name, { phase: 'Stale', message });
    tellOf(plan.name, message, walk);
  }
  return open.find(({ digest }) => digest === now.digest);
}

function whyStale(old: PlanView, now: PlanSpec): string {
  if (old.content !== now.content) return `the content changed with revision ${now.revision}`;
  if (old.wish !== now.wish) return 'the spec of the stack changed';
  if (old.base !== now.base) return 'the stack applied something else since';
  const before = new Set(old.identities);
  const moved = now.changes.filter((_, index) => !before.has(now.identities[index] ?? ''));
  // What is shown as no change says nothing to anybody.
  const seen = moved.filter(({ action, fields = [], refused }) => isVisible({ action, fields, refused }));
  const names = (seen.length > 0 ? seen : moved).map(({ object }) => object).slice(0, 3);
  return `the live state moved on${names.length === 0 ? '' : `: ${names.join(', ')}`}`;
}

/** Ends all open plans of a stack: the one whose content was applied was applied, the others are stale. */
export async function retirePlans(stack: Stack, why: string, house: House, walk: Walk): Promise<void> {
  house.plans.forgetFindings(stack);
  const open = house.plans.open(stack);
  for (const plan of open) {
    const isApplied = plan.phase === 'Approved' && plan.content === stack.status?.applied?.digest;
    if (isApplied) await notePlanApplied(stack, plan.name, house);
    else await house.plans.mark(stack, plan.name, { phase: 'Stale', message: why });
    if (!isApplied) tellOf(plan.name, why, walk);
  }
  const told = stack.status?.conditions?.some(({ type, status }) => type === 'AwaitingApproval' && status === 'True');
  if (told === true) walk.context.condition('AwaitingApproval', false, 'PlanStale', why);
}

export async function notePlanApplied(stack: Stack, name: string, house: House): Promise<void> {
  house.plans.forgetFindings(stack);
  await house.plans.mark(stack, name, { phase: 'Applied', message: 'the cluster is as the plan says' });
}

function tellOf(name: string, why: string, { context }: Walk): void {
  context.event({ type: 'Normal', reason: 'PlanStale', message: `plan ${name} is stale: ${why}` });
}
