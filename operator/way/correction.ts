/** Drift that an engine puts back by a run in the background: begun here, told when it has ended. */
import type { Stack } from '#api';
import { findDrift } from '#drift';
import type { Correction, EngineContext } from '#engines';
import type { ObjectKey } from '#kube';
import { contextOf } from './engine-context.ts';
import { noteCorrecting, noteDrift, noteRefreshed, tellFight, type Treated } from './drift-report.ts';
import type { House, Walk } from './house.ts';
import { refOf, stackKeyOf } from './stack-ref.ts';

export async function beginCorrection(
  stack: Stack,
  fields: readonly Treated[],
  house: House,
  walk: Walk,
): Promise<void> {
  const keys = [...new Set(fields.map(({ object }) => object as ObjectKey))];
  await house.engineOf(stack).corrections?.begin({ keys, fields }, appliedContext(stack, house, walk));
  noteCorrecting(fields, walk);
}

/** Tells what a correction has come to, if one has ended since the last look: then there is something to say of drift. */
export async function tellCorrection(stack: Stack, house: House, walk: Walk): Promise<boolean> {
  const correction = house.engineOf(stack).corrections?.ended(appliedContext(stack, house, walk));
  if (correction === undefined) return false;
  const { keys, fields, healed, failed, refreshed, status } = correction;
  const now = house.clock.now();
  for (const key of keys) {
    if (failed === undefined) {
      house.metrics.driftHealed.inc();
      if (house.fights.healed(key, now)) tellFight(key, fields, walk);
    } else {
      house.fights.failed(key, now);
      house.wakeAfter(stack, house.fights.delayMs(key, now));
    }
  }
  await house.inventory.flush(refOf(stack));
  walk.context.report({ ...status, ...(refreshed ? { refreshed: new Date(now).toISOString() } : {}) });
  if (failed !== undefined) {
    const message = `drift could not be corrected: ${failed.message}`;
    walk.context.event({ type: 'Warning', reason: failed.reason, message });
    walk.context.condition('Drifted', 'Unknown', failed.reason, message);
  } else if (healed && fields.length > 0) {
    noteDrift(
      stack,
      fields.map((field) => ({ ...field, healed })),
      house,
      walk,
    );
  } else if (refreshed) {
    noteRefreshed(stack, unseen(fields, stack, house), house, walk);
  }
  return failed !== undefined || fields.length > 0;
}

/** What the watches have found, they tell themselves. */
function unseen(fields: Correction['fields'], stack: Stack, { inventory, observed }: House): Correction['fields'] {
  const seen = new Set<string>(findDrift(inventory.of(stackKeyOf(stack)), observed).map(({ key }) => key));
  return fields.filter(({ object }) => !seen.has(object));
}

/** Has what no watch sees looked at when that is due, and the stack woken when it will be. */
export async function lookFurther(stack: Stack, house: House, walk: Walk): Promise<void> {
  const ms = await house.engineOf(stack).corrections?.look(appliedContext(stack, house, walk));
  if (ms !== undefined) house.wakeAfter(stack, ms);
}

/** Nothing new comes by putting back. */
const appliedContext = (stack: Stack, house: House, walk: Walk): EngineContext => ({
  ...contextOf(stack, undefined, house, walk),
  commit: stack.status?.applied?.commit ?? '',
});
