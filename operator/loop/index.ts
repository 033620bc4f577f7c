export { foldConditions } from './conditions.ts';
export { defineController, startController, type ControllerOptions, type RunningController } from './controller.ts';
export { createEvents, type EventNote, type Events } from './events.ts';
export { HeldLease, leaseMs } from './held-lease.ts';
export { lead, leaseName } from './leader.ts';
export { Lease, leaseResource } from './lease.ts';
export { startProbes, type Probes } from './probes.ts';
export { type ControllerDefinition, type ReconcileContext } from './run.ts';
