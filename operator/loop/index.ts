export { foldConditions } from './conditions.ts';
export {
  defineController,
  startController,
  type ControllerDefinition,
  type ReconcileContext,
  type RunningController,
} from './controller.ts';
export { createEvents, type EventNote, type Events } from './events.ts';
export { lead } from './leader.ts';
export { startProbes, type Probes } from './probes.ts';
