export { changeKind, type Change } from './change.ts';
export type { Condition } from './conditions.ts';
export { withDefaults } from './defaults.ts';
export { parseDuration } from './duration.ts';
export { gitSourceKind, type GitSource, type GitSourceInput, type GitSourceSpec } from './git-source.ts';
export { inventoryKind, type Inventory } from './inventory.ts';
export { toCrd, type KindDefinition } from './kind.ts';
export { kinds } from './kinds.ts';
export { annotations, fieldManager, finalizer, group, labels, version } from './names.ts';
export {
  approvalKind,
  planKind,
  planLimits,
  type Approval,
  type PlanObject,
  type PlanPhase,
  type PlanSpec,
  type PlanStatus,
} from './plan.ts';
export { reasons, type Reason } from './reasons.ts';
export { stackKind, type Stack, type StackInput, type StackSpec } from './stack.ts';
export { validate, validateObject, type Problem } from './validate.ts';
