/** Before anything new: what was applied is put back where somebody else changed it, even while a new commit fails. */
import type { Stack } from '#api';
import { findDrift, heal, ignoreRules, type Drifted, type DriftedField } from '#drift';
import { asFailure, mapBounded } from '#runtime';
import type { House, Walk } from './house.ts';
import { accountOf, refOf, stackKeyOf } from './stack-ref.ts';

/** Heals (or, in mode `warn`, names) every drifted object that may be touched now. */
export async function correctDrift(stack: Stack, house: House, walk: Walk): Promise<void> {
  const key = stackKeyOf(stack);
  const applied = stack.status?.applied;
  const { mode } = stack.spec.drift;
  if (applied === undefined || mode === 'ignore') return;
  await house.observed.ensure(house.inventory.of(key).keys());
  const found = findDrift(house.inventory.of(key), house.observed);
  if (found.length === 0) return noteNoDrift(house, walk, stack);
  const due = mode === 'correct' ? found.filter((drifted) => isDue(drifted, stack, house)) : house.newDrift(found);
  if (due.length === 0) return;
  const fields = await treat(stack, due, house, walk);
  await house.inventory.flush(refOf(stack));
  report(stack, fields, house, walk);
}

/** Whether a fight over the object allows a correction now; if not, the stack is woken when it does. */
function isDue({ key }: Drifted, stack: Stack, house: House): boolean {
  const delay = house.fights.delayMs(key, house.clock.now());
  if (delay > 0) house.wakeAfter(stack, delay);
  return delay === 0;
}

interface Treated extends DriftedField {
  readonly healed: boolean;
}

const atOnce = 16;

async function treat(stack: Stack, due: readonly Drifted[], house: House, walk: Walk): Promise<Treated[]> {
  const key = stackKeyOf(stack);
  const kept = await house.rendered.load(
    key,
    stack.status?.applied?.digest ?? '',
    new Set(due.map((drifted) => drifted.key)),
  );
  if (kept === undefined) return [];
  const { transport, discovery, inventory, observed } = house;
  const context = {
    transport,
    discovery,
    inventory,
    observed,
    stack: key,
    as: accountOf(stack, house),
    mode: stack.spec.drift.mode === 'warn' ? ('warn' as const) : ('correct' as const),
    ignore: ignoreRules(stack.spec.drift.ignore),
    signal: walk.context.signal,
  };
  const treated: Treated[] = [];
  await mapBounded(
    due,
    atOnce,
    async (drifted) => {
      const rendered = kept.get(drifted.key);
      if (rendered === undefined) return;
      house.metrics.driftFound.inc();
      try {
        const { healed, fields } = await heal(drifted, rendered, context);
        treated.push(...fields.map((field) => ({ ...field, healed })));
        if (!healed || fields.length === 0) return;
        house.metrics.driftHealed.inc();
        if (house.fights.healed(drifted.key, house.clock.now())) fightEvent(drifted, fields, walk);
      } catch (error) {
        const { reason, message } = asFailure(error);
        walk.context.event({
          type: 'Warning',
          reason,
          message: `drift of ${drifted.key} could not be corrected: ${message}`,
        });
        // The correction is tried again even if the object stays as it is now.
        house.fights.failed(drifted.key, house.clock.now());
        house.wakeAfter(stack, house.fights.delayMs(drifted.key, house.clock.now()));
      }
    },
    { signal: walk.context.signal },
  );
  return treated;
}

function fightEvent({ key }: Drifted, fields: readonly DriftedField[], { context }: Walk): void {
  const [first] = fields;
  context.event({
    type: 'Warning',
    reason: 'DriftFight',
    message: `${key} is changed again and again by ${first?.manager ?? 'unknown'} (${first?.field || 'deleted'})`,
  });
}

const mostDrift = 50;

function report(stack: Stack, fields: readonly Treated[], house: House, { context }: Walk): void {
  if (fields.length === 0) return;
  const time = new Date(house.clock.now()).toISOString();
  const [first] = fields;
  const healed = fields.every((field) => field.healed);
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more fields)` : '';
  const what = first?.field
    ? `${first.object} ${first.field}: ${first.from} was changed to ${first.to}`
    : `${first?.object} was deleted`;
  const message = `${what} by ${first?.manager}${more}${healed ? '; put back' : ''}`;
  context.report({
    drift: [...fields.map((field) => ({ ...field, time })), ...(stack.status?.drift ?? [])].slice(0, mostDrift),
  });
  const fighting = house.fights.active(house.clock.now()).some((key) => fields.some(({ object }) => object === key));
  context.condition(
    'Drifted',
    !healed || fighting,
    fighting ? 'DriftFight' : healed ? 'DriftHealed' : 'DriftFound',
    message,
  );
  context.event({ type: 'Warning', reason: healed ? 'DriftHealed' : 'DriftFound', message });
}

function noteNoDrift(house: House, { context }: Walk, stack: Stack): void {
  const last = stack.status?.conditions?.find(({ type }) => type === 'Drifted');
  // A healed drift stays told until the fight about it, if there is one, has calmed down.
  if (last?.status === 'True' && house.fights.active(house.clock.now()).length === 0) {
    context.condition('Drifted', false, 'NoDrift', 'every owned object is as it was applied');
  }
}
