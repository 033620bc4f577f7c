/** What every engine does with a stack: read the commit, say what would change, change it, take it away. */
import type { Plan, Rendered, Revision } from '#values';
import type { Stack } from '#api';
import type { ApplyContext, ApplyReport, PruneReport } from '#apply';
import type { PlanInput } from '#plan';

export interface RenderRequest {
  readonly stack: Stack;
  readonly revision: Revision;
  readonly signal: AbortSignal;
}

export interface Engine {
  /** As in `spec.engine`. */
  readonly name: string;
  render(request: RenderRequest): Promise<Rendered>;
  plan(input: PlanInput): Plan;
  apply(plan: Plan, context: ApplyContext): Promise<ApplyReport>;
  /** Deletes objects in reverse order of apply; what is still there is named in the report. */
  destroy(keys: readonly Parameters<Engine['keyOrder']>[0][], context: ApplyContext): Promise<PruneReport>;
  /** Place in the order of apply. */
  keyOrder(key: Plan['prunes'][number]['key']): number;
}
