export type { Correction, Engine, EngineContext, PlanRequest, RenderRequest } from './engine.ts';
export { manifestsEngine } from './objects.ts';
export {
  assertApproved,
  holdTo,
  proposeObjects,
  type Findings,
  type ObjectsContext,
  type ProposeContext,
  type Proposed,
  type Proposing,
} from './propose.ts';
export { broughtBy, liveOf, modeOf, placeOf, tryObject, type Trial, type TrialContext } from './trial.ts';
export { Admission } from './pulumi/admission.ts';
export { PulumiEngine, type PulumiEngineOptions } from './pulumi/engine.ts';
export { gatherInputs, inputObjects, outputStacks } from './pulumi/inputs.ts';
export { reservedMiB, type OperationOptions } from './pulumi/operation.ts';
export { previewOnce, type PreviewRequest } from './pulumi/preview-once.ts';
