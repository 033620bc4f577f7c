/** What the way needs of the world around it; `controllers/stack-house.ts` builds it. */
import type { PlanPhase, PlanStatus, Stack } from '#api';
import type { Account, Claims, InventoryStore } from '#apply';
import type { Fights, OwnedObjects, ToldDrift } from '#drift';
import type { Engine, Findings } from '#engines';
import type { GateInput, Vote } from '#gate';
import type { Discovery, KubeObject, ObjectKey, Resource, Transport } from '#kube';
import type { ReconcileContext } from '#loop';
import type { PlanStore, RenderedStore } from '#record';
import type { Clock, Metrics, Outcome, Waiting } from '#runtime';
import type { Health, Rendered, Revision } from '#values';

/** A Plan as the watch keeps it. */
export interface PlanView {
  readonly name: string;
  /** `namespace/name` */
  readonly stack: string;
  readonly digest: string;
  readonly content: string;
  readonly wish: string;
  readonly base: string;
  readonly destructive: boolean;
  /** Of plans that are neither applied nor stale. */
  readonly identities: readonly string[];
  readonly revision: string;
  readonly revisions: readonly string[];
  readonly phase: PlanPhase | undefined;
  readonly approvals: readonly Vote[];
  readonly created: string;
}

/** Plans and what people say to them. */
export interface Plans {
  readonly store: PlanStore;
  /** Plans of the stack that are neither applied nor stale, oldest first. */
  open(stack: Stack): readonly PlanView[];
  /** Says how a plan stands; nothing new is not written. */
  mark(stack: Stack, name: string, status: Partial<PlanStatus>): Promise<void>;
  /** What was said to the digest in a way that proves who said it; `doubt`: why some of it does not count. */
  votes(
    stack: Stack,
    plan: Pick<PlanView, 'name' | 'digest'>,
    now: { readonly commit: string; readonly signal: AbortSignal },
  ): Promise<{ readonly votes: readonly Vote[]; readonly doubt?: string | undefined }>;
  /** What the dry runs found out, for the present spec. */
  findings(stack: Stack): Findings;
  keep(stack: Stack, findings: Findings): void;
  forgetFindings(stack: Stack): void;
}

export interface House {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly inventory: InventoryStore;
  readonly observed: OwnedObjects;
  readonly claims: Claims;
  readonly fights: Fights;
  readonly told: ToldDrift;
  readonly rendered: RenderedStore;
  readonly changes: { readonly resource: Resource; namesOf(stack: Stack): readonly string[] };
  readonly plans: Plans;
  readonly concurrency: number;
  readonly defaultServiceAccount: string;
  /** The operator's own, as which no stack may apply; undefined when it runs as somebody else than a ServiceAccount. */
  readonly ownAccount: Account | undefined;
  engineOf(stack: Stack): Engine;
  /** The newest verified revision of the stack's source. */
  revisionOf(stack: Stack): Revision | undefined;
  /**
   * What the stack has applied, as its engine keeps it, or rendered once more from its commit; undefined while that
   * needs a revision which the source does not have yet: then the stack is woken when it has one.
   * @throws Failure when the commit, or what the engine keeps, cannot be had any more.
   */
  renderAgain(stack: Stack, signal: AbortSignal): Promise<Rendered | undefined>;
  /** Whether the source has a revision at all; if not, the stack is woken when it has. */
  hasRevision(stack: Stack): boolean;
  /** Whether the source exists, whatever is known of it. */
  hasSource(stack: Stack): boolean;
  /** Keeps the files of a revision on disk until disposed. */
  hold(revision: Revision): Disposable;
  /** @throws Failure when the source does not exist or may not be used. */
  waitForSource(stack: Stack): Outcome;
  gateInput(stack: Stack): GateInput;
  /** Identity of what the stack wants by a revision: tree of its path and generation of its spec. */
  contentOf(stack: Stack, revision?: Revision): string;
  claim(stack: string, content: string, keys: readonly ObjectKey[]): void;
  /** A wait while other stacks of the source have not read the commit; pruning could take what moves to them. */
  waitForHandover(stack: Stack): Waiting | undefined;
  /** Lets go of an object: to the stack that renders it now, if there is one, whose inventory then has it first. */
  handOver(stack: Stack, key: ObjectKey): Promise<void>;
  /** Another stack that renders the object, or has it in its inventory. */
  movesTo(stack: Stack, key: ObjectKey): string | undefined;
  /** A wait while stacks that depend on this one are being deleted too. */
  dependentsInDeletion(stack: Stack): Waiting | undefined;
  waitForKinds(stack: Stack, kinds: ReadonlySet<string>): void;
  /** @throws Failure ServiceAccountNotFound */
  assertAccount(account: Account, signal: AbortSignal): Promise<void>;
  /** The namespace, when it is being deleted. */
  endingNamespace(name: string, signal: AbortSignal): Promise<KubeObject | undefined>;
  /** Sees to it that the objects which spec.healthChecks names, and the stack does not own, are watched. */
  observeChecked(stack: Stack): Promise<void>;
  /** Of what the stack owns, and of what its health checks name. */
  healthOf(stack: Stack): Health;
  fieldsBetween(before: KubeObject, after: KubeObject): string[];
  /** Wakes the stack again after so many milliseconds. */
  wakeAfter(stack: Stack, ms: number): void;
  forget(stack: Stack): Promise<void>;
}

/** One run over one stack. */
export interface Walk {
  readonly context: ReconcileContext;
  readonly startedMs: number;
}
