/** Says whether an applied stack is as healthy as it should be; waits by event, never holds a worker. */
import type { Stack } from '#api';
import { parseDuration } from '#api';
import { failure, moving, settled, type Outcome } from '#runtime';
import type { House, Walk } from './house.ts';

/** @throws Failure HealthFailed when an object will not get ready, or did not within `spec.timeout`. */
export function healthOfStack(stack: Stack, house: House, { context }: Walk): Outcome {
  const { applied } = stack.status ?? {};
  const done = settled('Applied', `applied ${applied?.revision ?? ''}`);
  if (!stack.spec.wait) return done;
  const health = house.healthOf(stack);
  if (health.status === 'current') {
    context.condition('Healthy', true, 'Healthy', 'all objects are ready');
    return done;
  }
  const deadline = Date.parse(applied?.time ?? '') + parseDuration(stack.spec.timeout);
  if (health.status === 'failed' || house.clock.now() >= deadline) {
    context.condition('Healthy', false, 'HealthFailed', health.message);
    const late = health.status === 'failed' ? '' : ` after ${stack.spec.timeout}`;
    throw failure('HealthFailed', { what: `not ready${late}: ${health.message}` });
  }
  context.condition('Healthy', false, 'HealthProgressing', health.message);
  return moving('HealthProgressing', health.message, deadline);
}
