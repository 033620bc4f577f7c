export { changeObject, writeChange, type ChangeFacts, type ChangeStore } from './change.ts';
export { RenderedStore } from './rendered-store.ts';
export { isSame, markPlan, planName, planSpec, writePlan, type PlanStore } from './plan.ts';
