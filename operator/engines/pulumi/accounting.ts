/** Enters what a run has done into the inventory, and tells it object by object, as an apply of manifests does. */
import { labels, type Stack } from '#api';
import { stackKey } from '#apply';
import { digestOf, groupKindOf, keyOf, parseKey, type KubeObject, type ObjectKey } from '#kube';
import type { AppliedObject, ObjectAction, InventoryEntry, ObjectFailure, RenderedObject } from '#values';
import type { EngineContext } from '../engine.ts';
import type { Ended } from './operation.ts';
import { isOnlyPulumi, namesOf, ownedIn, type OwnedResource } from './resources.ts';
import { isResource } from './urn.ts';
import type { MadeObject, StateResource, StepOperation } from './values.ts';

/** What a step is in the words of a Change; others change nothing. */
const actions: Readonly<Partial<Record<StepOperation, ObjectAction>>> = {
  create: 'created',
  update: 'configured',
  delete: 'pruned',
  replace: 'recreated',
  'create-replacement': 'recreated',
  'delete-replaced': 'recreated',
  import: 'adopted',
};

/** One line an object; the steps of a replacement are one. */
export function changedObjects({ report, before, after }: Ended): AppliedObject[] {
  const nameOf = namesOf(before, after);
  const objects = new Map<string, AppliedObject>();
  for (const { urn, type, operation, fields } of report.steps) {
    const action = actions[operation];
    if (action === undefined || isOnlyPulumi(type)) continue;
    const key = nameOf(urn) as ObjectKey;
    const known = objects.get(key);
    const paths = [...new Set([...(known?.fields ?? []), ...fields.map(({ path }) => path)])];
    objects.set(key, { key, action: known?.action === 'recreated' ? 'recreated' : action, fields: paths });
  }
  return [...objects.values()];
}

/** What the engine said of each resource that failed, by its object, also one that is in no state. */
export function failedObjects({ report, before, after, failed }: Ended): ObjectFailure[] {
  if (failed === undefined) return [];
  const nameOf = namesOf(before, after);
  const wanted = new Map(
    report.failedSteps.flatMap(({ urn, made }) => (made === undefined ? [] : [[urn, keyOfMade(made)] as const])),
  );
  const errors = report.diagnostics.filter(({ severity, urn }) => severity === 'error' && isResource(urn));
  const byObject = Map.groupBy(errors, ({ urn }) => wanted.get(urn) ?? nameOf(urn));
  return [...byObject].map(([key, said]) => ({
    key,
    reason: failed.reason,
    message: said.map(({ message }) => message.trim()).join('; '),
  }));
}

const keyOfMade = (made: MadeObject): ObjectKey =>
  keyOf(groupKindOf(made), made.metadata.namespace, made.metadata.name);

/**
 * The inventory is what the state says. An object that a run which was cut off had made counts as created, too. What is
 * no Kubernetes object is told, and not entered. `records`: a Change is to tell of it; if not, it tells only of objects that
 * have come or gone.
 */
export function enter(ended: Ended, context: EngineContext, { records = true } = {}): AppliedObject[] {
  const { inventory, commit } = context;
  const stack = stackKey(context.stack);
  const changed = changedObjects(ended);
  const byKey = new Map(changed.map((object) => [object.key, object]));
  const owned = new Map(ownedIn(ended.after).map((resource) => [resource.key, resource]));
  const left = leftIn(ended, records);
  for (const resource of owned.values()) {
    const { key } = resource;
    const owner = inventory.ownerOf(key);
    if (owner !== undefined && owner !== stack) continue;
    const before = inventory.of(stack).get(key);
    const done = isOlder(resource, context.of) && before === undefined ? 'adopted' : byKey.get(key)?.action;
    // What is put back under another name is another object: whoever reads the Changes would never hear of it.
    const action = records || before === undefined ? actionOf(done, before) : undefined;
    const entry = entryOf(resource, { before, action, commit, leaves: left.has(resource.urn) });
    if (before?.seen !== entry.seen || before.unrecorded !== entry.unrecorded) inventory.put(stack, entry);
  }
  const forgotten = forgottenIn(ended);
  for (const key of [...inventory.of(stack).keys()])
    if (!owned.has(key)) inventory.drop(stack, key, { pruned: !forgotten.has(key) });
  return changed;
}

/** What a run that puts back has looked at, and come to its end: where it wrote nothing, there was nothing that it may write. */
function leftIn({ report, failed }: Ended, records: boolean): ReadonlySet<string> {
  if (records || failed !== undefined) return new Set();
  return new Set(report.steps.filter(({ operation }) => operation === 'refresh').map(({ urn }) => urn));
}

/** Keys of what the stack let go of: by its own will, or since another stack owns it now. */
function forgottenIn({ report, before }: Ended): ReadonlySet<string> {
  const nameOf = namesOf(before);
  const forgotten = report.steps.filter(({ operation }) => operation === 'forget');
  const left = report.diagnostics.filter(({ severity, message }) => severity === 'warning' && staysWith.test(message));
  return new Set([...forgotten, ...left].map(({ urn }) => nameOf(urn)));
}

/** The engine calls it deleted; that it was not is in the words of our provider alone (plugins/kubernetes/delete.ts). */
const staysWith = /: the object belongs to stack \S+: it stays, and is taken out of the state$/;

/** Not made for this Stack, which came later: left by one of the same name that let go of it, or by somebody else. */
function isOlder({ outputs }: OwnedResource, { metadata }: Stack): boolean {
  const { creationTimestamp: made } = (outputs['metadata'] ?? {}) as { readonly creationTimestamp?: unknown };
  const { creationTimestamp: since } = metadata;
  return typeof made === 'string' && since !== undefined && Date.parse(made) < Date.parse(since);
}

/** What a run that was cut off had made is only changed, or made anew, by the next one. */
function actionOf(action: ObjectAction | undefined, before: InventoryEntry | undefined): ObjectAction | undefined {
  return before !== undefined || action === 'adopted' ? action : 'created';
}

interface Entering {
  readonly before: InventoryEntry | undefined;
  /** What was done, when a Change is to tell of it. */
  readonly action: ObjectAction | undefined;
  readonly commit: string;
  /** What was found of the object stays as it is. */
  readonly leaves: boolean;
}

function entryOf(
  { key, urn, seen, found }: OwnedResource,
  { before, action, commit, leaves }: Entering,
): InventoryEntry {
  const isLeft = found !== undefined && (leaves || before?.seen === found);
  const unrecorded = before?.unrecorded === 'created' ? 'created' : (action ?? before?.unrecorded);
  return {
    key,
    // What was sent is in the state, sealed: it is enough to tell that it is no longer in hand.
    desired: desiredOf(urn),
    seen: isLeft ? found : seen,
    commit: action === undefined ? (before?.commit ?? commit) : commit,
    ...(unrecorded === undefined ? {} : { unrecorded }),
  };
}

const desiredOf = (urn: string): string => digestOf(urn);

/** The objects as they were sent, secrets sealed, so that what others changed can be named field by field. */
export const sentObjects = (state: readonly StateResource[], { metadata: of, spec }: Stack): RenderedObject[] =>
  ownedIn(state).flatMap(({ key, urn, outputs: { __inputs: inputs } }) => {
    if (!isObject(inputs)) return [];
    const { metadata } = inputs;
    const { namespace, name } = parseKey(key);
    const own = {
      ...metadata,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...metadata.labels, [labels.stack]: of.name, [labels.stackNamespace]: of.namespace ?? '' },
      annotations: { ...metadata.annotations, [urnAnnotation]: urn },
    };
    const object: KubeObject = { ...asStored(inputs), metadata: own };
    return [{ key, digest: desiredOf(urn), origin: { file: spec.path, line: 1 }, object }];
  });

/** `stringData` of a Secret is sent as `data`; what is in it is sealed as a whole. */
function asStored(inputs: KubeObject): KubeObject {
  const { stringData, ...rest } = inputs as KubeObject & { readonly stringData?: unknown };
  return inputs.kind !== 'Secret' || stringData === undefined ? inputs : { data: stringData, ...rest };
}

const urnAnnotation = 'plumbline.dev/urn';

const isObject = (value: unknown): value is KubeObject =>
  typeof value === 'object' && value !== null && 'kind' in value && 'apiVersion' in value;
