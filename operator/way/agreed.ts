/** Before anything is applied: what would be done is written down, shown, and agreed to, where the stack asks for that. */
import { planLimits, type PlanPhase, type Stack } from '#api';
import type { Held } from '#apply';
import { assertApproved, holdTo, type ProposeContext, type Proposed } from '#engines';
import { approvalGate, type Vote } from '#gate';
import { countsOf, isDestructive, isVisible, planDigest, proposalOf, summaryOf, wishOf } from '#plan';
import { planSpec, writePlan } from '#record';
import { failure, moving, type Outcome } from '#runtime';
import type { Plan, Rendered, Revision } from '#values';
import type { House, PlanView, Walk } from './house.ts';
import { retirePlans, tellStale } from './stale-plans.ts';
import { proposeContext } from './proposing.ts';
import { refOf, stackKeyOf } from './stack-ref.ts';

interface Commit {
  readonly revision: Revision;
  readonly rendered: Rendered;
  readonly plan: Plan;
}

/** What may be done now, and on whose word. */
export interface Agreed {
  /** Absent where the engine holds itself to what it has begun. */
  readonly held?: Held;
  /** Absent when nothing was to be agreed to. */
  readonly approved?: { readonly name: string; readonly digest: string; readonly approvals: readonly Vote[] };
}

/** A wait while others have not agreed; undefined when the stack asks nobody. @throws Failure PlanStale, PlanTooLarge, ApprovalsUnguarded */
export async function agree(
  stack: Stack,
  commit: Commit,
  house: House,
  walk: Walk,
): Promise<Agreed | Outcome | undefined> {
  const { approval } = stack.spec;
  if (approval === undefined || commit.plan.changes === 0) {
    await retirePlans(stack, approval === undefined ? 'the stack asks for no approval' : nothingLeft, house, walk);
    return undefined;
  }
  const context = proposeContext(stack, commit, house, walk);
  const proposed = await house.engineOf(stack).propose(commit.plan, context);
  if (!proposed.done) return moving(proposed.reason, proposed.message);
  house.plans.keep(stack, proposed.findings);
  if (!proposed.changes.some(isVisible)) {
    await retirePlans(stack, nothingLeft, house, walk);
    return { held: holdTo(new Set(), proposed, context) };
  }
  const plan = begun(stack, commit, proposed, house) ?? (await made(stack, { ...commit, ...proposed }, house, walk));
  const { votes, doubt } = await house.plans.votes(stack, plan, {
    commit: commit.revision.commit,
    signal: walk.context.signal,
  });
  const gate = approvalGate({
    plan: `${stack.metadata.namespace}/${plan.name}`,
    stack: stackKeyOf(stack),
    summary: summaryOf(countsOf(proposed.changes)),
    mode: approval.mode,
    destructive: plan.destructive || proposed.changes.some(isDestructive),
    needed: approval.approvals,
    votes,
    doubt,
  });
  if ('kind' in gate) {
    const phase = gate.reason === 'PlanRejected' ? 'Rejected' : 'AwaitingApproval';
    await note(stack, plan, { phase, message: gate.message, votes }, house);
    walk.context.condition('AwaitingApproval', phase === 'AwaitingApproval', gate.reason, gate.message);
    // Nothing tells when policies take effect: it is tried again, as after other failures.
    if (doubt !== undefined && phase === 'AwaitingApproval')
      throw failure('ApprovalsUnguarded', { what: gate.message });
    return gate;
  }
  const final = await proven(stack, { ...plan, ...proposed }, { plan: commit.plan, context }, house);
  const message = messageOf(gate.approvals, approval.mode);
  await note(stack, plan, { phase: 'Approved', message, votes }, house);
  walk.context.condition('AwaitingApproval', false, 'PlanApproved', `plan ${plan.name}: ${message}`);
  const { name, digest, identities } = plan;
  return { held: holdTo(new Set(identities), final, context), approved: { name, digest, approvals: gate.approvals } };
}

/**
 * Of an apply that goes on behind the gate: on whose word it was begun. Until it has ended no other plan is approved, and
 * a commit that left the plan as it was may have brought it other content than it was first seen with.
 */
export function agreedBefore(stack: Stack, house: House): Agreed | undefined {
  const plan = house.plans.open(stack).findLast(({ phase }) => phase === 'Approved');
  if (stack.spec.approval === undefined || plan === undefined) return undefined;
  const approvals = plan.approvals.filter(({ verdict }) => verdict === 'approve');
  return { approved: { name: plan.name, digest: plan.digest, approvals } };
}

const nothingLeft = 'nothing is left to be changed';

function messageOf(approvals: readonly Vote[], mode: string): string {
  if (approvals.length === 0) return mode === 'auto' ? 'nobody is asked: mode auto' : 'nothing is deleted or replaced';
  return `approved by ${approvals.map(({ user, by, time }) => `${user} (${by}, ${time})`).join(', ')}`;
}

type StoredPlan = Pick<PlanView, 'name' | 'digest' | 'identities' | 'destructive'>;

const baseOf = ({ status }: Stack): string => status?.applied?.time ?? '';

/** An approved plan whose apply has begun: what is left of it needs no second word. */
function begun(stack: Stack, { rendered }: Commit, { changes }: Proposed, house: House): StoredPlan | undefined {
  const [wish, base] = [wishOf(stack.spec), baseOf(stack)];
  return house.plans.open(stack).find((plan) => {
    if (plan.phase !== 'Approved' || plan.content !== rendered.digest) return false;
    // What stands in the Plan counts only as far as the digest that people agreed to proves it.
    const { identities } = plan;
    if (plan.digest !== planDigest({ stack: refOf(stack), wish, base, identities })) return false;
    const approved = new Set(identities);
    return changes.every((change) => !isVisible(change) || approved.has(change.identity));
  });
}

/** The plan for what is proposed now, stored; plans for anything else are stale. */
async function made(
  stack: Stack,
  { revision, rendered, changes }: Commit & Proposed,
  house: House,
  walk: Walk,
): Promise<StoredPlan> {
  const [wish, base] = [wishOf(stack.spec), baseOf(stack)];
  const proposal = proposalOf({ stack: refOf(stack), wish, base, changes });
  const facts = { proposal, revision, content: rendered.digest, wish, base, counts: countsOf(changes) };
  const spec = planSpec(stack.metadata.name, facts);
  const same = await tellStale(stack, spec, house, walk);
  if (same === undefined) {
    const { metadata } = await writePlan(stack, spec, house.plans.store);
    const message = `plan ${metadata.name}: ${summaryOf(spec)}`;
    walk.context.event({ type: 'Normal', reason: 'AwaitingApproval', message });
    return { name: metadata.name, ...spec };
  }
  const seen = [same.revision, ...same.revisions];
  if (!seen.includes(revision.name)) {
    const revisions = [...same.revisions, revision.name].slice(-planLimits.revisions);
    await house.plans.mark(stack, same.name, { revisions });
  }
  return same;
}

/** Right before the apply: what no watch shows is asked for anew. @throws Failure PlanStale */
async function proven(
  stack: Stack,
  { identities, ...proposed }: StoredPlan & Proposed,
  { plan, context }: { readonly plan: Plan; readonly context: ProposeContext },
  house: House,
): Promise<Proposed> {
  // All was found out in this very run.
  if (context.known.size === 0) return proposed;
  const final = await house.engineOf(stack).propose(plan, { ...context, known: proposed.findings, final: true });
  if (!final.done) return proposed;
  house.plans.keep(stack, final.findings);
  const approved = new Set(identities);
  for (const change of final.changes) assertApproved(change, approved);
  const left = new Set(final.changes.map(({ identity }) => identity));
  const gone = proposed.changes.find((change) => isVisible(change) && !left.has(change.identity));
  if (gone === undefined) return final;
  throw failure('PlanStale', { where: gone.object, what: 'the plan changes it, but the live object moved on' });
}

interface Noted {
  readonly phase: PlanPhase;
  readonly message: string;
  readonly votes: readonly Vote[];
}

async function note(stack: Stack, plan: StoredPlan, { phase, message, votes }: Noted, house: House): Promise<void> {
  const needed = stack.spec.approval?.approvals ?? 1;
  const status = { phase, message: message.slice(0, planLimits.text), needed, approvals: votes.slice(0, 100) };
  await house.plans.mark(stack, plan.name, status);
}
