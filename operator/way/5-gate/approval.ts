/** May a plan be applied now? Open, or closed with what will open it. Pure. */
import { waiting, type Waiting } from '#runtime';

/** What one person says, in a way that proves who it is. */
export interface Vote {
  readonly user: string;
  readonly verdict: 'approve' | 'reject';
  readonly by: 'Approval' | 'annotation' | 'commit';
  /** Name of the Approval, or commit id. */
  readonly reference?: string;
  /** RFC 3339. */
  readonly time: string;
}

export interface ApprovalInput {
  /** Key of the plan: `namespace/name`. */
  readonly plan: string;
  readonly stack: string;
  /** `2 created, 1 deleted` */
  readonly summary: string;
  readonly mode: 'manual' | 'auto' | 'onDestructive';
  readonly destructive: boolean;
  /** How many different people must agree. */
  readonly needed: number;
  readonly votes: readonly Vote[];
  /** Why some votes do not count. */
  readonly doubt?: string | undefined;
}

export type ApprovalGate = { readonly open: true; readonly approvals: readonly Vote[] } | Waiting;

export function approvalGate(input: ApprovalInput): ApprovalGate {
  const { plan, stack, mode, destructive, needed, votes, doubt } = input;
  const wakes = [{ on: 'object', kind: 'Plan', key: plan }] as const;
  const name = plan.slice(plan.indexOf('/') + 1);
  const latest = lastWords(votes);
  const rejection = latest.find(({ verdict }) => verdict === 'reject');
  if (rejection !== undefined) {
    const { user, by } = rejection;
    return waiting('PlanRejected', `plan ${name} was rejected by ${user} (${by}, ${rejection.time})`, wakes);
  }
  if (mode === 'auto' || (mode === 'onDestructive' && !destructive)) return { open: true, approvals: [] };
  const enough = groups(latest).find((group) => group.length >= needed);
  if (enough !== undefined) return { open: true, approvals: enough };
  const have = Math.max(0, ...groups(latest).map((group) => group.length));
  const people = needed === 1 ? 'an approval' : `${needed - have} more of ${needed} approvals`;
  const because = doubt === undefined ? '' : `; ${doubt}`;
  const message = `plan ${name} (${input.summary}) waits for ${people}: \`plumbline approve ${stack}\`${because}`;
  return waiting('AwaitingApproval', message, wakes);
}

/** A person may change their mind: the last word counts, and no before yes. */
function lastWords(votes: readonly Vote[]): Vote[] {
  const words = new Map<string, Vote>();
  const order = [...votes].sort((a, b) => a.time.localeCompare(b.time) || b.verdict.localeCompare(a.verdict) * -1);
  for (const vote of order) words.set(`${isSigned(vote)} ${vote.user}`, vote);
  return [...words.values()];
}

/**
 * The cluster and the keys know people by names of their own: nobody can tell whether two such names are one person, so
 * they are not added up.
 */
const groups = (votes: readonly Vote[]): Vote[][] => [votes.filter((vote) => !isSigned(vote)), votes.filter(isSigned)];

const isSigned = ({ by }: Vote): boolean => by === 'commit';
