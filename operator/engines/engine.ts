/** What every engine does with a stack: read the commit, say what would change, change it, put it back, take it away. */
import type { DriftedField, Plan, Rendered, RenderedObject, Revision } from '#values';
import type { Stack } from '#api';
import type { ApplyContext, ApplyReport, InventoryStore, PruneReport } from '#apply';
import type { ObjectKey } from '#kube';
import type { PlanInput } from '#plan';
import type { ProposeContext, Proposing } from './propose.ts';
import type { Failure } from '#runtime';

export interface RenderRequest {
  readonly stack: Stack;
  readonly revision: Revision;
  readonly signal: AbortSignal;
}

export interface PlanRequest extends Omit<PlanInput, 'prune'> {
  readonly of: Stack;
  /** Digest of what was applied last; absent when the inventory is not as that left it. */
  readonly standing: string | undefined;
}

/** For the objects of one stack, as of one commit. */
export interface EngineContext extends ApplyContext {
  readonly of: Stack;
  /** Absent when the stack goes, whatever has become of its source. */
  readonly revision?: Revision;
}

export interface Engine {
  /** As in `spec.engine`. */
  readonly name: string;
  /** Identity of all that the stack reads of a commit; undefined when its path is not in there. No more than 64 characters. */
  treeOf(stack: Stack, revision: Revision): string | undefined;
  /** Digest of what the stack is given beside the commit; undefined when nothing is. Asks only for what is new. */
  inputsOf(stack: Stack, context: { readonly signal: AbortSignal }): Promise<string | undefined>;
  render(request: RenderRequest): Promise<Rendered>;
  /** Without asking the API server. @throws Failure when more would be taken away than the stack allows */
  plan(request: PlanRequest): Plan;
  /** What the plan would do, found out without changing anything; called again while it is not done. */
  propose(plan: Plan, context: ProposeContext): Promise<Proposing>;
  /** Whether what was rendered is being applied, or has been and is still to be told: the gate is behind it. */
  hasBegun(stack: Stack, rendered: Rendered): boolean;
  /** Whether the engine itself may be changing objects of the stack: no difference in them is drift then. */
  isBusy(stack: Stack, inventory: InventoryStore): boolean;
  /** Goes as far as it can without waiting; called again until it is done. */
  apply(plan: Plan, context: EngineContext): Promise<ApplyReport>;
  /** Deletes objects that left Git, in reverse order of apply; what is still there is named in the report. */
  prune(keys: readonly ObjectKey[], context: EngineContext): Promise<PruneReport>;
  /** What `destroy` takes away, by name. */
  owned(context: EngineContext): Promise<readonly string[]>;
  /** What would be left if the stack went now, by name, as far as that can be known without its account and its state. */
  left(context: EngineContext): Promise<readonly string[]>;
  /** Deletes all that the stack owns, and what only the engine keeps of it; called again until nothing remains. */
  destroy(context: EngineContext): Promise<PruneReport>;
  /**
   * Exactly what was sent last, from what the engine keeps of it in the cluster; absent where the commit tells it.
   * @throws Failure when that cannot be read
   */
  recall?(request: Omit<RenderRequest, 'revision'>): Promise<readonly RenderedObject[]>;
  /** How drift is put back by this engine; absent where it is enough to send the objects again. */
  readonly corrections?: Corrections;
  /**
   * Ends, cleanly, what goes on for a stack that is to be left alone from now on; called again until it has.
   * @param why in one clause @returns what still goes on, in one line
   */
  rest(stack: Stack, why: string): string | undefined;
  /** Nothing of a stack that is gone is remembered. */
  forget(stack: Stack): Promise<void>;
  /** Ends what goes on in the background, cleanly. */
  stop(): Promise<void>;
}

/** Drift that was put back, or looked for beyond what watches see, by a run in the background. */
export interface Correction {
  /** Objects that were to be put back. */
  readonly keys: readonly ObjectKey[];
  /** All that was found, also what was found before. */
  readonly fields: readonly DriftedField[];
  /** Whether the fields were put back, not only found. */
  readonly healed: boolean;
  /** The state was compared with all that the providers say. */
  readonly refreshed: boolean;
  readonly failed: Failure | undefined;
  /** What the status tells of it beside. */
  readonly status: NonNullable<ApplyReport['status']>;
}

export interface Corrections {
  /** Begins to put objects back; `fields` are told again with what came of it. */
  begin(drift: Pick<Correction, 'keys' | 'fields'>, context: EngineContext): Promise<void>;
  /** Looks for drift that no watch sees, when that is due by spec.pulumi.refresh. @returns milliseconds until then */
  look(context: EngineContext): Promise<number | undefined>;
  /** What the last one came to, once; its objects are in the inventory as they are now. */
  ended(context: EngineContext): Correction | undefined;
}
