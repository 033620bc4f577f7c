export type { Programs } from './environment.ts';
export { reportOf, RunFailed } from './run-failed.ts';
export { createRunner, type RunnerOptions } from './runner.ts';
export type { RunEvent, RunLimits, Runner, RunReport, RunRequest } from '../values.ts';
