export { changedFields, showValue, type FieldChange } from './diff.ts';
export { phaseOf, phases } from './order.ts';
export { planObjects, prunePhase, reverseOfApply, type PlanInput } from './plan.ts';
export { assertNotEmptied, assertPruneLimit, pruneLimitOf } from './prune-limit.ts';
export {
  countsOf,
  identityOf,
  isDestructive,
  isVisible,
  planDigest,
  proposalOf,
  summaryOf,
  wishOf,
  type PlanCounts,
} from './proposal.ts';
