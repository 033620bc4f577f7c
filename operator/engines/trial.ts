/** What sending one object of a plan would do, asked of the API server by dry run; plans and `plumbline diff` are made of it. */
import { annotations } from '#api';
import { isKnown, previewOne, type Account, type ApplyContext } from '#apply';
import {
  apiFailure,
  getObject,
  groupKindOf,
  isFirstManager,
  kindName,
  parseKey,
  type Discovery,
  type KubeObject,
  type ObjectKey,
  type Resource,
  type Transport,
} from '#kube';
import { changedFields, type FieldChange } from '#plan';
import { Failure, failure } from '#runtime';
import type { Inventory, PlannedObject, RenderedObject } from '#values';

export interface TrialContext {
  readonly transport: Transport;
  readonly discovery: Discovery;
  /** What the stack owns. */
  readonly owned: Inventory;
  readonly as: Account | undefined;
  readonly force: boolean;
  readonly recreate: boolean;
  readonly leaveOf: ApplyContext['leaveOf'];
  /** Whether others may change the field, by its JSON pointer. */
  readonly isIgnored: (key: ObjectKey, pointer: string) => boolean;
  /** Kinds (`Kind.group`) and namespaces that come with the same change. */
  readonly definitions: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  /** Another stack that owns the object, and does not let go of it. */
  readonly heldBy: (key: ObjectKey) => string | undefined;
  readonly signal: AbortSignal;
}

export interface Trial {
  readonly action: 'created' | 'configured' | 'recreated' | 'adopted';
  readonly fields: readonly FieldChange[];
  readonly live: KubeObject | undefined;
  readonly note?: string;
}

/**
 * `kept`: Git says what it said at the last apply, so that any difference is drift, and taken back.
 * @returns undefined when the object is left as it is, whatever it looks like. @throws Failure with the API server's reason
 */
export async function tryObject(
  { key, action, rendered }: PlannedObject & { readonly rendered: RenderedObject },
  context: TrialContext,
): Promise<Trial | undefined> {
  assertFree(rendered, context);
  const resource = await resourceOf(rendered.object, context.discovery);
  if (resource === undefined) {
    if (!context.definitions.has(kindName(parseKey(key)))) throw unknownKind(rendered);
    return creation(rendered, 'its kind is defined in the same change, so the API server can not check it yet');
  }
  try {
    return await send(rendered, resource, action === 'keep', context);
  } catch (error) {
    const { namespace = '' } = rendered.object.metadata;
    const isNew = error instanceof Failure && error.reason === 'NamespaceNotFound';
    if (!isNew || !context.namespaces.has(namespace)) throw error;
    return creation(rendered, 'its namespace comes with the same change, so the API server can not check it yet');
  }
}

async function send(
  rendered: RenderedObject,
  resource: Resource,
  kept: boolean,
  context: TrialContext,
): Promise<Trial | undefined> {
  const { transport, owned, force, recreate, as, signal } = context;
  const known = isKnown(owned.get(rendered.key));
  const { live, after, action } = await previewOne({
    transport,
    rendered,
    resource,
    known,
    recreate,
    // As the operator puts drift back: what drifted was the stack's own.
    force: force || kept,
    as,
    leave: context.leaveOf(rendered.key),
    signal,
  });
  if (live === undefined) return creation(rendered, kept ? 'somebody deleted it' : undefined);
  if (modeOf(rendered) === 'create-only') return undefined;
  const fields = changedFields(live, after).filter(({ pointer }) => !context.isIgnored(rendered.key, pointer));
  const isStrange = action === 'configured' && known === 'unsure' && !isFirstManager(live);
  return { action: isStrange ? 'adopted' : action, fields, live };
}

export const modeOf = ({ object }: RenderedObject): string | undefined =>
  object.metadata.annotations?.[annotations.apply];
export const placeOf = ({ origin }: RenderedObject): string => `${origin.file}:${origin.line}`;

const creation = ({ object }: RenderedObject, note?: string): Trial => ({
  action: 'created',
  live: undefined,
  fields: changedFields(skeleton(object), object),
  ...(note === undefined ? {} : { note }),
});

/** The same object without content, so that each of its fields counts as new. */
function skeleton({ apiVersion, kind, metadata, ...fields }: KubeObject): KubeObject {
  const { name, namespace } = metadata;
  const empty = Object.entries(fields).map(([field, value]) => [field, isMap(value) ? {} : undefined]);
  const own = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...(Object.fromEntries(empty) as object), apiVersion, kind, metadata: own };
}

const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is there of an object that left Git. @throws Failure when the API server can not be asked */
export async function liveOf(
  key: ObjectKey,
  { transport, discovery, as, signal }: Pick<TrialContext, 'transport' | 'discovery' | 'as' | 'signal'>,
): Promise<KubeObject | undefined> {
  const { group, kind, namespace, name } = parseKey(key);
  const resource = await discovery.resource({ group, kind });
  if (resource === undefined) return undefined;
  return getObject({ transport, resource, name, namespace, as, signal }).catch((error: unknown) => {
    throw apiFailure(error, { verb: 'get', key, as });
  });
}

/** Kinds and namespaces that the objects bring along. */
export function broughtBy(objects: Iterable<KubeObject>): Pick<TrialContext, 'definitions' | 'namespaces'> {
  const definitions = new Set<string>();
  const namespaces = new Set<string>();
  for (const object of objects) {
    if (object.kind === 'Namespace') namespaces.add(object.metadata.name);
    if (object.kind === 'CustomResourceDefinition') definitions.add(kindDefinedBy(object));
  }
  return { definitions, namespaces };
}

function kindDefinedBy({ spec }: KubeObject): string {
  const { group = '', names } = spec as { readonly group?: string; readonly names?: { readonly kind?: string } };
  return kindName({ group, kind: names?.kind ?? '' });
}

const resourceOf = (object: KubeObject, discovery: Discovery): Promise<Resource | undefined> =>
  discovery.resource(groupKindOf(object), object.apiVersion.slice(object.apiVersion.indexOf('/') + 1));

/** @throws Failure OwnedByOtherStack */
function assertFree(rendered: RenderedObject, { heldBy }: TrialContext): void {
  const owner = heldBy(rendered.key);
  if (owner === undefined) return;
  const what = `${rendered.key} belongs to stack ${owner}`;
  throw failure('OwnedByOtherStack', { where: placeOf(rendered), what, remedy: 'keep it in one of the two stacks' });
}

const unknownKind = (rendered: RenderedObject): Failure =>
  failure('UnknownKind', {
    where: placeOf(rendered),
    what: `the API server does not know kind ${rendered.object.kind} of ${rendered.object.apiVersion}`,
    remedy: 'install its CustomResourceDefinition, or commit it with the object',
  });
