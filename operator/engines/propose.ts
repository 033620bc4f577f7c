/** What a plan would do, object by object and field by field, and the proof that the apply is held to. */
import type { Stack } from '#api';
import type { Held, Observed, Proof } from '#apply';
import type { KubeObject, ObjectKey } from '#kube';
import { identityOf, isVisible, showValue } from '#plan';
import { asFailure, failure, mapBounded, type Failure } from '#runtime';
import type { Plan, PlannedObject, ProposedAction, ProposedChange, RenderedObject, Revision } from '#values';
import type { EngineContext } from './engine.ts';
import { liveOf, placeOf, tryObject, type Trial, type TrialContext } from './trial.ts';

export interface ObjectsContext extends TrialContext {
  /** What the watches show; nothing where there are none. */
  readonly observed: { get(key: ObjectKey): Observed | undefined };
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** What was found out before: good for objects that are as they were then. */
  readonly known: Findings;
  /** The plan is about to be applied: what no watch shows is asked for anew. */
  readonly final: boolean;
  /** Called after each object. */
  readonly onObject?: () => void;
}

export interface ProposeContext extends ObjectsContext {
  readonly of: Stack;
  readonly revision: Revision;
  /** As the apply will be given it. */
  readonly apply: EngineContext;
}

interface Finding extends Proof {
  /** Absent when there is nothing to do, or to see. */
  readonly change?: ProposedChange;
  /** Digest of what would be sent. */
  readonly sent: string;
  /** Version that the watches showed. */
  readonly seen: string | undefined;
  /** Why the API server would refuse it. */
  readonly refusal?: Failure;
}

export type Findings = ReadonlyMap<ObjectKey, Finding>;

export interface Proposed {
  /** In the order of the apply. */
  readonly changes: readonly ProposedChange[];
  readonly findings: Findings;
}

export type Proposing =
  (Proposed & { readonly done: true }) | { readonly done: false; readonly reason: string; readonly message: string };

export async function proposeObjects(plan: Plan, context: ObjectsContext): Promise<Proposed> {
  const due = [
    ...plan.waves.flatMap(({ objects }) => objects.filter(({ action }) => action === 'apply')),
    ...plan.prunes,
  ];
  const findings = new Map<ObjectKey, Finding>();
  await mapBounded(
    due,
    context.concurrency,
    async (planned) => {
      findings.set(planned.key, reusable(planned, context) ?? (await find(planned, context)));
      context.onObject?.();
    },
    { signal: context.signal },
  );
  const changes = due.flatMap(({ key }) => findings.get(key)?.change ?? []);
  return { changes, findings };
}

function reusable({ key, rendered }: PlannedObject, { known, observed, final }: ObjectsContext): Finding | undefined {
  const finding = known.get(key);
  const seen = observed.get(key)?.resourceVersion;
  // What was refused may be accepted now: a policy or a quota changed, a webhook came back.
  if (finding === undefined || finding.change?.refused !== undefined) return undefined;
  if (finding.sent !== (rendered?.digest ?? '') || finding.seen !== seen) return undefined;
  return final && seen === undefined ? undefined : finding;
}

const actions = { created: 'create', configured: 'update', adopted: 'adopt', recreated: 'replace' } as const;

async function find(planned: PlannedObject, context: ObjectsContext): Promise<Finding> {
  const { key, rendered } = planned;
  const seen = context.observed.get(key)?.resourceVersion;
  if (rendered === undefined || planned.action !== 'apply')
    return { ...(await findGone(planned, context)), seen, sent: '' };
  const base = { seen, sent: rendered.digest };
  try {
    const trial = await tryObject({ ...planned, rendered }, context);
    if (trial === undefined) return { ...base, action: 'update', version: undefined };
    const { live } = trial;
    const action = actions[trial.action];
    return { ...base, action, version: live?.metadata.resourceVersion, change: changeOf(planned, rendered, trial) };
  } catch (error) {
    context.signal.throwIfAborted();
    const refusal = asFailure(error);
    const { reason, message } = refusal;
    if (reason === 'ApiUnavailable') throw error;
    const identity = identityOf({ key, action: 'update', wanted: rendered.object, live: undefined, refused: reason });
    const change = { object: key, action: 'update', fields: [], refused: message, identity } as const;
    return { ...base, action: 'update', version: undefined, change, refusal };
  }
}

function changeOf(
  { key }: PlannedObject,
  rendered: RenderedObject,
  { live, fields, note, ...trial }: Trial,
): ProposedChange {
  const action = actions[trial.action];
  return {
    object: key,
    action,
    fields: shown(fields),
    note: note === undefined ? placeOf(rendered) : `${placeOf(rendered)}, ${note}`,
    identity: identityOf({ key, action, wanted: rendered.object, live, fields }),
  };
}

const shown = (fields: Trial['fields']): ProposedChange['fields'] =>
  fields.map(({ path, from, to }) => ({ path, from: showValue(from), to: showValue(to) }));

/** Of an object that left Git: it is deleted, or let go of. */
async function findGone(planned: PlannedObject, context: ObjectsContext): Promise<Proof & { change?: ProposedChange }> {
  const { key, action: planning, why } = planned;
  const action: ProposedAction = planning === 'prune' ? 'delete' : 'forget';
  const live: KubeObject | undefined = await liveOf(key, context);
  if (live === undefined) return { action, version: undefined };
  const note = action === 'delete' ? why : `stays in the cluster: ${why}`;
  const change = {
    object: key,
    action,
    fields: [],
    note,
    identity: identityOf({ key, action, live: action === 'delete' ? live : undefined }),
  };
  return { action, version: live.metadata.resourceVersion, change };
}

/** Holds an apply to what was approved: each object that is proven again must still come to one of these identities. */
export function holdTo(approved: ReadonlySet<string>, { findings }: Proposed, context: ObjectsContext): Held {
  return {
    // What was refused is not known well enough to be sent.
    proofOf: (key) => (findings.get(key)?.refusal === undefined ? findings.get(key) : undefined),
    prove: async (planned) => {
      const finding = await find(planned, context);
      assertApproved(finding.change, approved);
      if (finding.refusal !== undefined) throw finding.refusal;
      return finding;
    },
  };
}

/** @throws Failure PlanStale */
export function assertApproved(change: ProposedChange | undefined, approved: ReadonlySet<string>): void {
  if (change === undefined || !isVisible(change) || approved.has(change.identity)) return;
  throw failure('PlanStale', {
    where: change.object,
    what: `what would be done now is not what the plan says: the live object moved on${change.refused === undefined ? '' : `, or is refused: ${change.refused}`}`,
    remedy: 'nothing to do: a new plan is made',
  });
}
