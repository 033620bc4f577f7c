/** How drift is told: in the status, the condition `Drifted`, an event and the log, each in the same words. */
import type { Condition, Stack } from '#api';
import type { Drifted } from '#drift';
import type { ObjectKey } from '#kube';
import type { DriftedField } from '#values';
import type { House, Walk } from './house.ts';
import { stackKeyOf } from './stack-ref.ts';

export interface Treated extends DriftedField {
  readonly healed: boolean;
}

const mostDrift = 50;

export function noteDrift(stack: Stack, fields: readonly Treated[], house: House, walk: Walk): void {
  tellDrift({ stack, fields, found: 'DriftFound' }, house, walk);
}

interface Told {
  readonly stack: Stack;
  readonly fields: readonly Treated[];
  /** Reason of what is not put back. */
  readonly found: 'DriftFound' | typeof byRefresh;
}

function tellDrift({ stack, fields, found }: Told, house: House, { context }: Walk): void {
  const [first] = fields;
  if (first === undefined) return;
  const time = new Date(house.clock.now()).toISOString();
  const healed = fields.every((field) => field.healed);
  const message = `${wordsOfAll(fields)}${healed ? '; put back' : ''}`;
  const reason = healed ? 'DriftHealed' : found;
  context.report({
    drift: [...fields.map((field) => ({ ...field, time })), ...(stack.status?.drift ?? [])].slice(0, mostDrift),
  });
  context.event({ type: 'Warning', reason, message });
  context.log.warn(message, { reason, objects: [...new Set(fields.map(({ object }) => object))].slice(0, mostDrift) });
  const fought = fields.find(({ object }) => house.fights.untilMs(object, house.clock.now()) !== undefined);
  if (fought === undefined) context.condition('Drifted', !healed, reason, message);
  else context.condition('Drifted', true, 'DriftFight', fightWords(fought.object, fields));
}

const byRefresh = 'RefreshFoundDrift';

/** What a refresh found, and no watch sees: it stands until the next one, and is told once. */
export function noteRefreshed(stack: Stack, fields: readonly DriftedField[], house: House, walk: Walk): void {
  const last = lastOf(stack);
  const isTold = last?.reason === byRefresh && last.message === wordsOfAll(fields);
  if (fields.length === 0 && last?.reason === byRefresh) noDrift(walk);
  else if (!isTold) {
    const treated = fields.map((field) => ({ ...field, healed: false }));
    tellDrift({ stack, fields: treated, found: byRefresh }, house, walk);
  }
}

/** Whether what a refresh found is still to be looked at by the next one: watches know nothing of it. */
const standsByRefresh = (stack: Stack): boolean =>
  lastOf(stack)?.reason === byRefresh && stack.spec.pulumi?.refresh === 'onDriftSchedule';

const lastOf = ({ status }: Stack): Condition | undefined => status?.conditions?.find(({ type }) => type === 'Drifted');

const noDrift = ({ context }: Walk): void =>
  context.condition('Drifted', false, 'NoDrift', 'every owned object is as it was applied');

/** A run is on its way; what comes of it is told when it has ended. */
export function noteCorrecting(fields: readonly DriftedField[], { context }: Walk): void {
  const [first] = fields;
  if (first !== undefined) context.condition('Drifted', true, 'DriftFound', `${wordsOf(first)}; being put back`);
}

function wordsOfAll(fields: readonly DriftedField[]): string {
  const [first] = fields;
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more fields)` : '';
  return first === undefined ? '' : `${wordsOf(first)}${more}`;
}

const wordsOf = ({ object, field, from, to, manager }: DriftedField): string =>
  field === '' ? `${object} was deleted` : `${object} ${field}: ${from} was changed to ${to} by ${manager}`;

/** Says on every correction from the fifth on who is on the other side. */
export function tellFight(key: ObjectKey, fields: readonly DriftedField[], { context }: Walk): void {
  const message = fightWords(key, fields);
  context.event({ type: 'Warning', reason: 'DriftFight', message });
  context.log.warn(message, { reason: 'DriftFight', objects: [key] });
}

function fightWords(key: string, fields: readonly DriftedField[]): string {
  const field = fields.find(({ object }) => object === key);
  if (field === undefined || field.field === '') return `${key} is deleted again and again`;
  return `${key} is changed again and again by ${field.manager}: ${field.field} to ${field.to}, put back to ${field.from}`;
}

/** The drift is known, what was applied is not at hand. */
export function noteUnknownRevision(stack: Stack, due: readonly Drifted[], when: string, { context }: Walk): void {
  const [first] = due;
  const more = due.length > 1 ? ` and ${due.length - 1} more objects` : '';
  const what = stack.spec.drift.mode === 'warn' ? 'compared' : 'put back';
  context.condition('Drifted', true, 'DriftFound', `${first?.key}${more} changed; to be ${what} ${when}`);
}

/** A healed drift stays told until the next one, a fight until it has calmed down. */
export function noteNoDrift(stack: Stack, house: House, walk: Walk): void {
  const now = house.clock.now();
  const ends = [...house.inventory.of(stackKeyOf(stack)).keys()].flatMap((key) => house.fights.untilMs(key, now) ?? []);
  if (ends.length > 0) return house.wakeAfter(stack, Math.max(...ends) - now);
  if (lastOf(stack)?.status !== 'False' && !standsByRefresh(stack)) noDrift(walk);
}
