/** Says whether an applied stack is as healthy as it should be; waits by event, never holds a worker. */
import type { Stack } from '#api';
import { parseDuration } from '#api';
import { failure, moving, settled, type Outcome } from '#runtime';
import type { Health } from '#values';
import type { House, Walk } from './house.ts';

/** With `spec.wait`, Ready follows health. @throws Failure HealthFailed when an object will not get ready, or did not within `spec.timeout`. */
export async function healthOfStack(stack: Stack, house: House, walk: Walk): Promise<Outcome> {
  const { health, late } = await noteHealth(stack, house, walk);
  const done = settled('Applied', `applied ${stack.status?.applied?.revision ?? ''}`);
  if (health.status === 'current' || !stack.spec.wait) return done;
  if (health.status === 'failed' || late)
    throw failure('HealthFailed', {
      what: `not ready${late ? ` after ${stack.spec.timeout}` : ''}: ${health.message}`,
    });
  return moving('HealthProgressing', health.message, deadlineOf(stack));
}

/** Tells the health of what is applied, whatever else becomes of the run. */
export async function noteHealth(
  stack: Stack,
  house: House,
  { context }: Walk,
): Promise<{ readonly health: Health; readonly late: boolean }> {
  await house.observeChecked(stack);
  const health = house.healthOf(stack);
  const { status, message } = health;
  const late = status !== 'current' && status !== 'failed' && house.clock.now() >= deadlineOf(stack);
  const bad = status === 'failed' || late ? 'HealthFailed' : 'HealthProgressing';
  if (status === 'current') context.condition('Healthy', true, 'Healthy', 'all objects are ready');
  else context.condition('Healthy', false, bad, message);
  return { health, late };
}

const deadlineOf = ({ spec, status }: Stack): number =>
  Date.parse(status?.applied?.time ?? '') + parseDuration(spec.timeout);
