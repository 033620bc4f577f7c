/** Puts drifted objects back, or only names what changed: which field, from what, to what, by which manager. */
import { fieldManager } from '#api';
import {
  apiFailure,
  applyObject,
  getObject,
  isAppliedAlike,
  managedDigest,
  managersOf,
  parseKey,
  type Discovery,
  type KubeObject,
  type ObjectKey,
  type Transport,
} from '#kube';
import type { Account, InventoryStore, ObservedObjects } from '#apply';
import { changedFields, showValue, type FieldChange } from '#plan';
import type { DriftedField, RenderedObject } from '#values';
import { adoptIgnored, isIgnored, type IgnoreRule } from './ignore.ts';
import type { Drifted } from './find.ts';
import { sealedPointers } from './sealed.ts';

export interface HealContext {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly inventory: InventoryStore;
  readonly observed: ObservedObjects;
  readonly stack: string;
  readonly as: Account | undefined;
  readonly mode: 'correct' | 'warn';
  readonly ignore: readonly IgnoreRule[];
  readonly signal: AbortSignal;
}

export interface HealResult {
  readonly healed: boolean;
  readonly fields: readonly DriftedField[];
}

/** @returns what had drifted; empty fields when the difference is one that spec.drift.ignore allows. */
export async function heal(drifted: Drifted, rendered: RenderedObject, context: HealContext): Promise<HealResult> {
  const { key } = drifted;
  const { transport, discovery, as, signal, inventory, stack } = context;
  try {
    const { namespace, name, ...kind } = parseKey(key);
    const resource = await discovery.resource(kind);
    // Also when the watch says that it is gone: an object that only lost its labels leaves the watch, too.
    const live = resource && (await getObject({ transport, resource, name, namespace, as, signal }));
    if (resource === undefined || live?.metadata.deletionTimestamp !== undefined) return { healed: false, fields: [] };
    const correct = context.mode === 'correct';
    if (live === undefined && !correct) return { healed: false, fields: [deletion(key)] };
    const sealed = sealedPointers(rendered.object);
    const ignored = [...context.ignore.filter((rule) => rule.matches(key)), { pointers: sealed, matches: () => true }];
    const object = live === undefined ? rendered.object : adoptIgnored(rendered.object, live, ignored);
    const send = ({ dryRun = false, force = true }): Promise<KubeObject> =>
      // What drifted was ours, so taking it back is no theft: force is right here, and only here, by default.
      applyObject({ transport, resource, object, force, dryRun, as, signal }).then((answer) => answer.object);
    const after = correct ? await context.observed.write(key, () => send({})) : await send({ dryRun: true });
    const fields = live === undefined ? [deletion(key)] : differences({ key, live, after }, ignored, sealed);
    if (correct || live === undefined) keepSeen(inventory, stack, key, after);
    else if (fields.length === 0) {
      // Changed and changed back, a field is as Git says and no longer ours: what becomes of it next would not show.
      const isLost = !isAppliedAlike(live, after) && !context.ignore.some((rule) => rule.matches(key));
      // Without force: whoever changes it again in this moment has it, and that is drift.
      const now = isLost ? await context.observed.write(key, () => send({ force: false })) : live;
      keepSeen(inventory, stack, key, now);
    }
    return { healed: correct, fields };
  } catch (error) {
    throw apiFailure(error, { verb: 'patch', key, as });
  }
}

function keepSeen(inventory: InventoryStore, stack: string, key: ObjectKey, object: KubeObject): void {
  const entry = inventory.of(stack).get(key);
  if (entry !== undefined) inventory.put(stack, { ...entry, seen: managedDigest(object) });
}

const deletion = (key: ObjectKey): DriftedField => ({
  object: key,
  field: '',
  from: 'present',
  to: 'deleted',
  manager: 'unknown',
});

interface Compared {
  readonly key: ObjectKey;
  readonly live: KubeObject;
  readonly after: KubeObject;
}

function differences(
  { key, live, after }: Compared,
  ignored: readonly IgnoreRule[],
  sealed: readonly string[],
): DriftedField[] {
  const fields = describe(key, live, changedFields(live, after), ignored);
  // Nothing that can be read differs: then it is what cannot.
  return fields.length > 0 ? fields : sealed.slice(0, 1).map((pointer) => sealedField(key, live, pointer));
}

function sealedField(key: ObjectKey, live: KubeObject, pointer: string): DriftedField {
  const field = pointer.slice(1).replaceAll('/', '.');
  return { object: key, field, from: '***', to: '***', manager: lastManager(live) };
}

/** `from` is what Git says, `to` what was found. */
function describe(
  key: ObjectKey,
  live: KubeObject,
  changes: readonly FieldChange[],
  ignored: readonly IgnoreRule[],
): DriftedField[] {
  return changes
    .filter(({ pointer }) => !isIgnored(pointer, ignored))
    .map(({ path, from, to }) => ({
      object: key,
      field: path,
      from: showValue(to),
      to: showValue(from),
      manager: managerOf(live, path),
    }));
}

/** Our own name, where we are alone with the field, means that somebody applied as field manager plumbline. */
function managerOf(live: KubeObject, path: string): string {
  const owners = managersOf(live, path);
  return owners.find((manager) => manager !== fieldManager) ?? owners[0] ?? lastManager(live);
}

/** A field that was removed is owned by nobody: the manager that wrote last did it, if it wrote after us at all. */
function lastManager({ metadata: { managedFields = [] } }: KubeObject): string {
  const ours = managedFields.find(({ manager, operation }) => manager === fieldManager && operation === 'Apply');
  const [last] = managedFields
    .filter((entry) => entry !== ours && entry.subresource !== 'status' && (entry.time ?? '') >= (ours?.time ?? ''))
    .sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
  return last?.manager ?? 'unknown';
}
