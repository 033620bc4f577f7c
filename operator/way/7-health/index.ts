export { compileChecks, type CheckSpec, type HealthChecks } from './expressions.ts';
export { healthOf, needsFullObject, summarise, type ObjectHealth } from './health.ts';
