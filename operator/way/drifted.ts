/** Before anything new: what was applied is put back where somebody else changed it, even while a new commit fails. */
import { annotations, type Stack } from '#api';
import { findDrift, heal, ignoreRules, type Drifted, type HealContext } from '#drift';
import type { ObjectKey } from '#kube';
import { asFailure, mapBounded } from '#runtime';
import type { RenderedObject } from '#values';
import { beginCorrection, lookFurther, tellCorrection } from './correction.ts';
import { noteDrift, noteNoDrift, noteUnknownRevision, tellFight, type Treated } from './drift-report.ts';
import type { House, Walk } from './house.ts';
import { keepRendered } from './recorded.ts';
import { accountOf, refOf, stackKeyOf } from './stack-ref.ts';

/** Heals (or, in mode `warn`, names) every drifted object that may be touched now. */
export async function correctDrift(stack: Stack, house: House, walk: Walk): Promise<void> {
  const inventory = house.inventory.of(stackKeyOf(stack));
  const { mode } = stack.spec.drift;
  // Health and pruning look at the live objects, too, whatever is done about drift.
  await house.observed.ensure(inventory.keys());
  const engine = house.engineOf(stack);
  const isTold = await tellCorrection(stack, house, walk);
  if (engine.isBusy(stack, house.inventory)) return;
  if (inventory.size === 0) return lookFurther(stack, house, walk);
  if (mode === 'ignore') {
    walk.context.condition('Drifted', 'Unknown', 'DriftIgnored', 'nobody looks: spec.drift.mode is ignore');
    return;
  }
  const isPutBackByRun = engine.corrections !== undefined && mode === 'correct';
  if (isPutBackByRun && !house.hasRevision(stack)) return waitForSource(stack, { isTold }, house, walk);
  const fields = await treatAll(stack, house, walk);
  if (isPutBackByRun && fields.length > 0) return beginCorrection(stack, fields, house, walk);
  if (fields.length > 0) noteDrift(stack, fields, house, walk);
  else if (!isTold && drifting(stack, house).length === 0) noteNoDrift(stack, house, walk);
  await lookFurther(stack, house, walk);
}

const mostRounds = 5;

async function treatAll(stack: Stack, house: House, walk: Walk): Promise<Treated[]> {
  const fields: Treated[] = [];
  let treated = 0;
  // What drifts meanwhile is put back, too, before anything is written about it: that takes longer than the correction.
  for (let round = 0; round < mostRounds; round += 1) {
    const due = dueNow(stack, house);
    if (due.length === 0) break;
    const known = claimed(stack, due, await lastSent(stack, due, house, walk), house);
    treated += due.length;
    fields.push(...(await treat(stack, known, house, walk)));
    if (known.length === 0 || house.engineOf(stack).corrections !== undefined) break;
  }
  if (treated > 0) await house.inventory.flush(refOf(stack));
  return fields;
}

/** A run needs the program: until the source has one, it is only known that something drifted. */
function waitForSource(stack: Stack, { isTold }: { readonly isTold: boolean }, house: House, walk: Walk): void {
  const due = drifting(stack, house);
  if (due.length > 0) noteUnknownRevision(stack, due, onceFetched, walk);
  else if (!isTold) noteNoDrift(stack, house, walk);
}

const onceFetched = 'when its source has been fetched';

const drifting = (stack: Stack, house: House): Drifted[] =>
  findDrift(house.inventory.of(stackKeyOf(stack)), house.observed).filter(
    (drifted) => !isHandedOver(drifted, stack, house),
  );

function dueNow(stack: Stack, house: House): Drifted[] {
  const all = drifting(stack, house);
  const isCorrected = stack.spec.drift.mode === 'correct';
  const due = isCorrected ? all : house.told.changed(stackKeyOf(stack), all, (key) => versionOf(key, house));
  return due.filter((drifted) => isDue(drifted, stack, house));
}

const versionOf = (key: ObjectKey, { observed }: House): string => observed.get(key)?.resourceVersion ?? 'deleted';

/** Whether another stack has the object and its label too: what is left of it here is the rest of a handover. */
function isHandedOver({ key }: Drifted, stack: Stack, { inventory, observed }: House): boolean {
  const label = observed.get(key)?.stack;
  return label !== undefined && label !== stackKeyOf(stack) && inventory.of(label).has(key);
}

/** Whether a fight over the object, or a failure, lets it be touched now; if not, the stack is woken when it does. */
function isDue({ key }: Drifted, stack: Stack, house: House): boolean {
  const delay = house.fights.delayMs(key, house.clock.now());
  if (delay > 0) house.wakeAfter(stack, delay);
  return delay === 0;
}

type Kept = ReadonlyMap<ObjectKey, RenderedObject>;

/**
 * The drifted objects exactly as they were sent last. Of a commit that was applied in part, or not to its end, some are
 * of that commit and not of the last one that was applied.
 */
async function lastSent(stack: Stack, due: readonly Drifted[], house: House, walk: Walk): Promise<Kept> {
  const inventory = house.inventory.of(stackKeyOf(stack));
  const wanted = new Set(due.map(({ key }) => key));
  const sent = new Map<ObjectKey, RenderedObject>();
  const take = (objects: Iterable<RenderedObject>): void => {
    for (const object of objects)
      if (wanted.has(object.key) && (isCreateOnly(object) || inventory.get(object.key)?.desired === object.digest))
        sent.set(object.key, object);
  };
  if (stack.status?.applied !== undefined) take((await lastApplied(stack, due, house, walk))?.values() ?? []);
  const revision = house.revisionOf(stack);
  if (sent.size === wanted.size || revision === undefined) return sent;
  try {
    take((await house.engineOf(stack).render({ stack, revision, signal: walk.context.signal })).objects);
  } catch (error) {
    walk.context.signal.throwIfAborted();
    // The run itself renders the commit next, and tells what is wrong with it.
    walk.context.log.debug('the commit could not be rendered for a correction', { error });
  }
  return sent;
}

const isCreateOnly = ({ object }: RenderedObject): boolean =>
  object.metadata.annotations?.[annotations.apply] === 'create-only';

/** What was applied: from disk, or, where the disk is another one than then, from the engine or the same commit. */
async function lastApplied(stack: Stack, due: readonly Drifted[], house: House, walk: Walk): Promise<Kept | undefined> {
  const key = stackKeyOf(stack);
  const digest = stack.status?.applied?.digest ?? '';
  const kept = await house.rendered.load(key, digest, new Set(due.map((drifted) => drifted.key)));
  if (kept !== undefined) return kept;
  try {
    const rendered = await house.renderAgain(stack, walk.context.signal);
    if (rendered === undefined) {
      noteUnknownRevision(stack, due, onceFetched, walk);
      return undefined;
    }
    await keepRendered(stack, { ...rendered, digest }, house, walk);
    return new Map(rendered.objects.map((object) => [object.key, object]));
  } catch (error) {
    walk.context.signal.throwIfAborted();
    noteUnknownRevision(stack, due, `not yet: ${asFailure(error).message}`, walk);
    return undefined;
  }
}

interface Claimed extends Drifted {
  readonly rendered: RenderedObject;
}

/** What Git has a say in: an object that it only creates may look as others like. */
function claimed(stack: Stack, due: readonly Drifted[], kept: Kept, { inventory, observed }: House): Claimed[] {
  const key = stackKeyOf(stack);
  return due.flatMap((drifted) => {
    const rendered = kept.get(drifted.key);
    if (rendered === undefined) return [];
    if (!isCreateOnly(rendered) || drifted.kind === 'deleted') return [{ ...drifted, rendered }];
    const entry = inventory.of(key).get(drifted.key);
    const seen = observed.get(drifted.key)?.seen ?? '';
    if (entry !== undefined) inventory.put(key, { ...entry, seen });
    return [];
  });
}

const atOnce = 16;

async function treat(stack: Stack, due: readonly Claimed[], house: House, walk: Walk): Promise<Treated[]> {
  const { signal, event } = walk.context;
  const { mode } = stack.spec.drift;
  const context = healContext(stack, house, walk);
  const treated: Treated[] = [];
  await mapBounded(
    due,
    atOnce,
    async (drifted) => {
      const version = versionOf(drifted.key, house);
      const { seen } = context.inventory.of(context.stack).get(drifted.key) ?? {};
      try {
        const { healed, fields } = await heal(drifted, drifted.rendered, context);
        // The same difference from another apply is another drift.
        const isNews = mode === 'correct' || house.told.note(context.stack, drifted.key, version, [seen, fields]);
        if (fields.length === 0 || !isNews) return;
        house.metrics.driftFound.inc();
        treated.push(...fields.map((field) => ({ ...field, healed })));
        if (!healed) return;
        house.metrics.driftHealed.inc();
        if (house.fights.healed(drifted.key, house.clock.now())) tellFight(drifted.key, fields, walk);
      } catch (error) {
        signal.throwIfAborted();
        const { reason, message } = asFailure(error);
        event({ type: 'Warning', reason, message: `drift of ${drifted.key} could not be corrected: ${message}` });
        // The correction is tried again even if the object stays as it is now.
        house.fights.failed(drifted.key, house.clock.now());
        house.wakeAfter(stack, house.fights.delayMs(drifted.key, house.clock.now()));
      }
    },
    { signal },
  );
  return treated;
}

function healContext(stack: Stack, house: House, { context: { signal } }: Walk): HealContext {
  const { transport, discovery, inventory, observed } = house;
  return {
    transport,
    discovery,
    inventory,
    observed,
    stack: stackKeyOf(stack),
    as: accountOf(stack, house),
    // Where a run puts it back, it is only named here.
    mode: stack.spec.drift.mode === 'warn' || house.engineOf(stack).corrections !== undefined ? 'warn' : 'correct',
    ignore: ignoreRules(stack.spec.drift.ignore),
    signal,
  };
}
