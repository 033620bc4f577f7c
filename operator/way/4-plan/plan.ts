/** What would change: the rendered objects beside the inventory, in waves, without asking the API server. */
import { annotations } from '#api';
import { parseKey, type KubeObject, type ObjectKey } from '#kube';
import type { Inventory, Plan, PlannedObject, Rendered, RenderedObject, Wave } from '#values';
import { orderOf, phaseOf, phases } from './order.ts';

export interface PlanInput {
  readonly rendered: Rendered;
  readonly inventory: Inventory;
  readonly prune: boolean;
  /** Whether another stack of the same source renders the object now: then it moves there and keeps its uid. */
  readonly movesTo: (key: ObjectKey) => string | undefined;
  /** Whether the live object asks to be kept when it leaves Git (annotation `plumbline.dev/prune: skip`). */
  readonly keepsWhenPruned: (key: ObjectKey) => boolean;
}

export function planObjects({ rendered, inventory, prune, movesTo, keepsWhenPruned }: PlanInput): Plan {
  const skipped = new Set(rendered.objects.filter(({ object }) => modeOf(object) === 'skip').map(({ key }) => key));
  const wanted = new Set(rendered.objects.map(({ key }) => key).filter((key) => !skipped.has(key)));
  const waves = wavesOf(rendered.objects.map((object) => planObject(object, inventory)));
  const prunes = [...inventory.keys()]
    .filter((key) => !wanted.has(key))
    .map((key): PlannedObject => {
      // From now on it is somebody else's: neither healed nor pruned.
      if (skipped.has(key)) return { key, action: 'forget', why: skip };
      const stack = movesTo(key);
      if (stack !== undefined) return { key, action: 'forget', why: `moved to stack ${stack}` };
      if (!prune) return { key, action: 'forget', why: 'not in Git any more, spec.prune is false' };
      if (keepsWhenPruned(key)) return { key, action: 'forget', why: `annotation ${annotations.prune}: skip` };
      return { key, action: 'prune', why: 'not in Git any more' };
    });
  return { waves, prunes: prunes.sort(reverseOfApply), changes: changesOf(waves) + prunes.length };
}

const skip = `annotation ${annotations.apply}: skip`;
const modeOf = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[annotations.apply];

function planObject(rendered: RenderedObject, inventory: Inventory): PlannedObject {
  const { key, object, digest } = rendered;
  const mode = modeOf(object);
  const entry = inventory.get(key);
  if (mode === 'skip') return { key, action: 'skip', rendered, why: skip };
  if (entry === undefined || entry.desired === '')
    return { key, action: 'apply', rendered, why: entry ? 'unfinished' : 'new' };
  if (mode === 'create-only')
    return { key, action: 'keep', rendered, why: `annotation ${annotations.apply}: create-only` };
  if (entry.desired !== digest) return { key, action: 'apply', rendered, why: 'content changed' };
  return { key, action: 'keep', rendered, why: 'unchanged' };
}

function wavesOf(objects: readonly PlannedObject[]): Wave[] {
  const waves = new Map<string, { phase: number; wave: number; objects: { rank: number; object: PlannedObject }[] }>();
  for (const object of objects) {
    if (object.rendered === undefined) continue;
    const { phase, wave, rank } = orderOf(object.rendered.object);
    const name = `${phase}/${wave}`;
    const entry = waves.get(name) ?? { phase, wave, objects: [] };
    entry.objects.push({ rank, object });
    waves.set(name, entry);
  }
  const sorted = [...waves.values()].sort((a, b) => a.phase - b.phase || a.wave - b.wave);
  return sorted.map(({ phase, wave, objects: members }, index) => ({
    name: wave === 0 ? (phases[phase] ?? '') : `${phases[phase]} ${wave}`,
    objects: members.sort((a, b) => a.rank - b.rank).map(({ object }) => object),
    // What others need must stand before they are sent; so must a wave that somebody numbered by hand.
    barrier: index < sorted.length - 1 && (phase === 0 || sorted[index + 1]?.phase === phase),
  }));
}

const changesOf = (waves: readonly Wave[]): number =>
  waves.reduce((sum, { objects }) => sum + objects.filter(({ action }) => action === 'apply').length, 0);

/** Webhooks go first, definitions and namespaces last; namespaced objects before cluster-scoped ones. */
export function reverseOfApply(a: { readonly key: ObjectKey }, b: { readonly key: ObjectKey }): number {
  return prunePhase(b.key) - prunePhase(a.key) || a.key.localeCompare(b.key);
}

/** Place in the order of apply; pruning walks it backwards, one place at a time. */
export const prunePhase = (key: ObjectKey): number => phases.indexOf(phaseOf(parseKey(key)));
