export { backoffMs, type BackoffLimits } from './backoff.ts';
export { systemClock, type Clock } from './clock.ts';
export { asFailure, describe, Failure, failure, type FailureParts } from './failure.ts';
export { createLog, type Log } from './log.ts';
export { mapBounded } from './map-bounded.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { moving, settled, waiting, type Outcome, type Waiting, type Wake } from './outcome.ts';
export { runProgram, type ProgramOptions, type ProgramResult } from './run-program.ts';
export { SharedLimit, WorkQueue } from './work-queue.ts';
