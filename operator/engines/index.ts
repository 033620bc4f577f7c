export type { Engine, EngineContext, PlanRequest, RenderRequest } from './engine.ts';
export { manifestsEngine } from './objects.ts';
