export type { Engine, RenderRequest } from './engine.ts';
export { manifestsEngine } from './objects.ts';
