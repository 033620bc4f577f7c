export { applyOne, type Account, type AppliedOne } from './apply-one.ts';
export { Claims } from './claims.ts';
export {
  applyPlan,
  isKnown,
  labelledStack,
  stackKey,
  type ApplyContext,
  type ApplyReport,
  type Observed,
  type ObservedObjects,
} from './apply-plan.ts';
export type { Held, Proof } from './held.ts';
export { readInventories } from './inventory-shards.ts';
export { InventoryStore, type StackRef } from './inventory.ts';
export { pruneObjects, type PruneReport } from './prune.ts';
export { previewOne, type Preview } from './preview-one.ts';
