export { systemClock, type Clock } from './clock.ts';
export { asFailure, describe, Failure, failure, type FailureParts } from './failure.ts';
export { moving, settled, waiting, type Outcome, type Waiting, type Wake } from './outcome.ts';
