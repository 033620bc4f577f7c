/** Plans and votes as the watches show them, and what the dry runs found out, so that a wait costs no request. */
import { annotations, type Approval, type PlanObject, type PlanPhase, type PlanStatus, type Stack } from '#api';
import type { Findings } from '#engines';
import type { Vote } from '#gate';
import { digestOf, type KubeObject, type Resource, type Transport, type WatchCache } from '#kube';
import { markPlan, type PlanStore } from '#record';
import type { Clock, Log } from '#runtime';
import type { Plans as PlansOfHouse, PlanView } from '#way';
import { ApprovalGuard } from './approval-guard.ts';
import type { SignedVotes } from './signed-votes.ts';
import { keyOfStack } from './stacks.ts';

/** A Plan in memory. */
export interface KeptPlan extends PlanView {
  readonly approvedBy: string;
  readonly rejectedBy: string;
  readonly message: string | undefined;
  readonly needed: number | undefined;
  readonly conditions: NonNullable<PlanStatus['conditions']>;
  /** Digest of the status. */
  readonly told: string;
}

export interface PlansOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly plans: WatchCache<KeptPlan>;
  readonly approvals: WatchCache<Approval>;
  readonly signed: SignedVotes;
  readonly resources: { readonly plan: Resource; readonly approval: Resource };
  /** Name of the operator's own user, whose word counts for nothing. */
  readonly user: string;
  /** Wakes a stack. */
  readonly wake: (key: string) => void;
}

export function keepPlan(object: KubeObject): KeptPlan {
  const { metadata, spec, status = {} as Partial<PlanStatus> } = object as unknown as PlanObject;
  const { digest, content, wish, base, destructive, revision } = spec;
  const { phase, message, needed, approvals = [], revisions = [], conditions = [] } = status;
  const isOpen = phase !== 'Applied' && phase !== 'Stale';
  return {
    ...{ digest, content, wish, base, destructive, revision },
    ...{ phase, message, needed, approvals, revisions, conditions },
    name: metadata.name,
    stack: `${metadata.namespace}/${spec.stack}`,
    identities: isOpen ? spec.identities : [],
    created: metadata.creationTimestamp ?? '',
    approvedBy: metadata.annotations?.[annotations.approvedBy] ?? '',
    rejectedBy: metadata.annotations?.[annotations.rejectedBy] ?? '',
    told: toldBy(status),
  };
}

type Told = { readonly [Field in keyof PlanStatus]?: PlanStatus[Field] | undefined };

const toldBy = ({ phase, message, needed, approvals = [], revisions = [] }: Told): string =>
  digestOf([phase, message, needed, approvals, revisions]);

interface Kept {
  readonly generation: number | undefined;
  readonly findings: Findings;
}

const nothing: Findings = new Map();

export class Plans implements PlansOfHouse, Disposable {
  readonly store: PlanStore;
  readonly #options: PlansOptions;
  readonly #guard: ApprovalGuard;
  readonly #byStack = new Map<string, Map<string, KeptPlan>>();
  readonly #findings = new Map<string, Kept>();
  /** Namespaces in which the policies were seen to hold. */
  readonly #guarded = new Set<string>();
  readonly #subscriptions: readonly Disposable[];

  constructor(options: PlansOptions) {
    const { transport, plans, approvals, resources, wake } = options;
    this.#options = options;
    this.#guard = new ApprovalGuard(options);
    this.store = {
      transport,
      resource: resources.plan,
      namesOf: (stack) => this.#of(stack).map(({ name }) => name),
      write: (key, send) => plans.write(key, send),
    };
    for (const [key, plan] of plans.entries()) this.#place(key, plan);
    this.#subscriptions = [
      plans.subscribe(({ key, old, new: now }) => {
        if (old !== undefined) this.#byStack.get(old.stack)?.delete(key);
        if (now !== undefined) this.#place(key, now);
        // What people say to it, and that somebody deleted it.
        const stack = (now ?? old)?.stack;
        if (stack !== undefined && old !== undefined && sayingsOf(old) !== sayingsOf(now)) wake(stack);
      }),
      approvals.subscribe(({ old, new: now }) => {
        const approval = now ?? old;
        const plan = plans.get(`${approval?.metadata.namespace}/${approval?.spec.plan}`);
        if (plan !== undefined) wake(plan.stack);
      }),
    ];
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  /** At the start, where stacks ask for approval: the log says when nobody's word can be trusted. */
  async proveGuard(stacks: WatchCache<Stack>, log: Log): Promise<void> {
    const asking = [...stacks.entries()].filter(
      ([, { spec }]) => spec.approval !== undefined && spec.approval.mode !== 'auto',
    );
    for (const namespace of new Set(asking.map(([, { metadata }]) => metadata.namespace ?? ''))) {
      try {
        const doubt = await this.#guard.doubtIn(namespace);
        if (doubt !== undefined) log.warn(doubt);
      } catch (error) {
        log.warn('whether the admission policies for approvals hold could not be found out', { namespace, error });
      }
    }
  }

  open(stack: Stack): readonly KeptPlan[] {
    return this.#of(stack).filter(({ phase }) => phase !== 'Applied' && phase !== 'Stale');
  }

  async mark(stack: Stack, name: string, status: Partial<PlanStatus>): Promise<void> {
    const { namespace = '' } = stack.metadata;
    const plan = this.#options.plans.get(`${namespace}/${name}`);
    if (plan === undefined) return;
    const { phase = 'AwaitingApproval', message, needed, approvals, revisions } = plan;
    const now = { phase, message, needed, approvals, revisions, ...status };
    if (toldBy(now) === plan.told) return;
    const conditions = conditionsOf(now, plan.conditions, this.#options.clock.now());
    await markPlan({ metadata: { namespace, name } }, { ...now, conditions }, this.store);
  }

  async votes(
    stack: Stack,
    plan: Pick<PlanView, 'name' | 'digest'>,
    now: { readonly commit: string; readonly signal: AbortSignal },
  ): ReturnType<PlansOfHouse['votes']> {
    const { signal } = now;
    const { namespace = '' } = stack.metadata;
    const signed = await this.#options.signed.on(stack, plan.digest, now);
    const votes = this.#said(namespace, plan);
    if (votes.length === 0 && this.#guarded.has(namespace)) return { votes: signed };
    const doubt = await this.#guard.doubt({ namespace, name: plan.name }, signal);
    if (doubt === undefined) this.#guarded.add(namespace);
    else this.#guarded.delete(namespace);
    return doubt === undefined ? { votes: [...signed, ...votes] } : { votes: signed, doubt };
  }

  /** What the API server's policies vouch for. */
  #said(namespace: string, { name, digest }: Pick<PlanView, 'name' | 'digest'>): Vote[] {
    const { approvals, plans, user: own } = this.#options;
    const votes: Vote[] = [];
    for (const [, { metadata, spec }] of approvals.entries()) {
      if (metadata.namespace !== namespace || spec.plan !== name || spec.digest !== digest) continue;
      const { user, verdict } = spec;
      votes.push({ user, verdict, by: 'Approval', reference: metadata.name, time: metadata.creationTimestamp ?? '' });
    }
    const plan = plans.get(`${namespace}/${name}`);
    if (plan !== undefined)
      for (const verdict of ['approve', 'reject'] as const) votes.push(...this.#annotated(plan, verdict));
    return votes.filter(({ user }) => user !== own);
  }

  /** The API server keeps no time of an annotation: it is the one at which it was first seen. */
  #annotated(plan: KeptPlan, verdict: Vote['verdict']): Vote[] {
    const names = new Set((verdict === 'approve' ? plan.approvedBy : plan.rejectedBy).split(',').filter(Boolean));
    return [...names].map((user) => {
      const before = plan.approvals.find(
        (vote) => vote.by === 'annotation' && vote.user === user && vote.verdict === verdict,
      );
      return before ?? { user, verdict, by: 'annotation', time: timestamp(this.#options.clock.now()) };
    });
  }

  findings(stack: Stack): Findings {
    const kept = this.#findings.get(keyOfStack(stack));
    return kept?.generation === stack.metadata.generation ? (kept?.findings ?? nothing) : nothing;
  }

  keep(stack: Stack, findings: Findings): void {
    this.#findings.set(keyOfStack(stack), { generation: stack.metadata.generation, findings });
  }

  forgetFindings(stack: Stack): void {
    this.#findings.delete(keyOfStack(stack));
    this.#options.signed.forget(stack);
  }

  /** Plans that wait, by `namespace/name` of their stack. */
  waiting(): Map<string, number> {
    const waiting = new Map<string, number>();
    for (const [stack, plans] of this.#byStack)
      for (const { phase } of plans.values())
        if (phase === 'AwaitingApproval') waiting.set(stack, (waiting.get(stack) ?? 0) + 1);
    return waiting;
  }

  #of(stack: Stack): KeptPlan[] {
    const plans = [...(this.#byStack.get(keyOfStack(stack))?.values() ?? [])];
    return plans.sort((a, b) => a.created.localeCompare(b.created) || a.name.localeCompare(b.name));
  }

  #place(key: string, plan: KeptPlan): void {
    const plans = this.#byStack.get(plan.stack) ?? new Map<string, KeptPlan>();
    this.#byStack.set(plan.stack, plans.set(key, plan));
  }
}

const sayingsOf = (plan: KeptPlan | undefined): string => JSON.stringify(plan && [plan.approvedBy, plan.rejectedBy]);

const timestamp = (now: number): string => new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');

const phasesOf = {
  Approved: ['Approved', 'Applied'],
  Applied: ['Applied'],
  Stale: ['Stale'],
} as const;

/** For `kubectl wait --for=condition=Approved plan/x`. */
function conditionsOf(
  { phase, message = '' }: { readonly phase: PlanPhase; readonly message?: string | undefined },
  before: KeptPlan['conditions'],
  now: number,
): KeptPlan['conditions'] {
  return Object.entries(phasesOf).map(([type, phases]) => {
    const status = (phases as readonly string[]).includes(phase) ? 'True' : 'False';
    const old = before.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : timestamp(now);
    return { type, status, reason: reasonsOf[phase], message, lastTransitionTime };
  });
}

const reasonsOf = {
  AwaitingApproval: 'AwaitingApproval',
  Approved: 'PlanApproved',
  Rejected: 'PlanRejected',
  Applied: 'PlanApplied',
  Stale: 'PlanStale',
} as const;
