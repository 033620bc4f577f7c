/**
 * Create: checked inputs in; id and outputs out. One request, which never changes an object that is there already,
 * unless it is one that an earlier run of the same stack made for the same resource and lost sight of.
 */
import { ApiError, getObject, objectKey, type KubeObject, type Resource } from '#kube';
import { failure, type Failure } from '#runtime';
import { awaitReady } from './await.ts';
import { checkpoint } from './checkpoint.ts';
import { awaitGone } from './gone.ts';
import { isForced, managerOf } from './managers.ts';
import { NotInitialized, NotReady } from './not-initialized.ts';
import { asObject, idOf, isStamped } from './object.ts';
import { assertFree, otherOwner, ownedBy } from './owner.ts';
import { previewOutputs, veiled } from './preview.ts';
import { hasUnknown, type ValueMap } from './property.ts';
import type { Created, CreateRequest } from './requests.ts';
import { refused, send, type SendRequest } from './send.ts';
import type { Session } from './session.ts';
import type { Owner } from './settings.ts';
import { typeParts } from './urn.ts';

export async function create(session: Session, request: CreateRequest): Promise<Created> {
  return request.preview ? previewCreate(session, request) : createNow(session, request);
}

async function createNow(session: Session, request: CreateRequest): Promise<Created> {
  const { urn, inputs, timeoutMs } = request;
  const object = asObject(inputs);
  const resource = await session.cluster.resource(object, session.signal).catch((error: unknown) => {
    throw refused(error, object, 'get');
  });
  const sending = sendingOf(session, request, object, resource);
  const made = await place(session, sending);
  if (object.kind === 'CustomResourceDefinition') await session.cluster.forgetKinds();
  const id = idOf(made);
  const outputs = (live: KubeObject): ValueMap =>
    checkpoint({ inputs, live, written: made, manager: sending.manager, initialApiVersion: object.apiVersion });
  try {
    const live = await awaitReady(session, { urn, inputs, live: made, timeoutMs, after: 'create' });
    return { id, outputs: outputs(live) };
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    throw new NotInitialized({ id, inputs, outputs: outputs(error.live) }, error);
  }
}

function sendingOf(session: Session, request: CreateRequest, object: KubeObject, resource: Resource): SendRequest {
  const { urn, type, inputs, preview } = request;
  const { settings } = session;
  const patch = typeParts(type)?.patch === true;
  return {
    urn,
    type,
    object,
    resource,
    manager: managerOf(settings, { urn, type, inputs }),
    force: isForced(settings, inputs),
    dryRun: preview,
    createOnly: !patch && !settings.upsert,
  };
}

async function place(session: Session, sending: SendRequest): Promise<KubeObject> {
  try {
    // With upsertExistingObjects an object that is there is changed, but not one of another stack.
    if (!sending.createOnly) await assertFree(session, sending);
    return (await send(session, sending)).object;
  } catch (error) {
    if (sending.createOnly && isTaken(error)) return takeOver(session, sending);
    throw refused(error, sending.object);
  }
}

/** Somebody has the name: a Conflict without causes, which a conflict of field managers has. */
const isTaken = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 409 && (error.api?.details?.causes ?? []).length === 0;

/** The object is there: on its way out, or ours when a run that was cut off made it, or somebody else's. */
async function takeOver(session: Session, sending: SendRequest): Promise<KubeObject> {
  const { object, resource, urn } = sending;
  const { settings, signal, inState, takenOver } = session;
  try {
    const { name, namespace } = object.metadata;
    const live = await getObject({ transport: await session.cluster.transport(), resource, name, namespace, signal });
    if (live === undefined) return (await send(session, sending)).object;
    if (live.metadata.deletionTimestamp !== undefined) return await afterItIsGone(session, sending, live);
    if (!isStamped(live, settings.owner, urn)) throw notOurs(live, sending, settings.owner);
    // The state has it, so that this is a replacement, which would delete it in the end.
    if (inState.get(urn) === idOf(live)) throw ownName(live);
    takenOver.add(live.metadata.uid ?? '');
    return (await send(session, { ...sending, createOnly: false })).object;
  } catch (error) {
    throw refused(error, object);
  }
}

async function afterItIsGone(session: Session, sending: SendRequest, live: KubeObject): Promise<KubeObject> {
  const { urn, object, resource } = sending;
  await awaitGone(session, { urn, inputs: {}, object, resource, uid: live.metadata.uid, timeoutMs: undefined });
  return (await send(session, sending)).object;
}

const taken = (live: KubeObject, managers: string): Failure =>
  failure('ApplyFailed', {
    where: objectKey(live),
    what: `the object exists already, and this resource did not make it (managers: ${managers})`,
    remedy:
      'take it into the stack with pulumi import, give another name, rename the resource with an alias, or set upsertExistingObjects on the provider',
  });

function notOurs(live: KubeObject, { manager }: SendRequest, owner: Owner | undefined): Failure {
  const other = otherOwner(live, owner);
  return other === undefined ? taken(live, managersIn(live, manager)) : ownedBy(other, live);
}

const ownName = (live: KubeObject): Failure =>
  failure('ApplyFailed', {
    where: objectKey(live),
    what: 'the object that is to be replaced has the name of the new one',
    remedy: 'set the option deleteBeforeReplace, or leave the name to Pulumi',
  });

function managersIn({ metadata }: KubeObject, own: string): string {
  const names = new Set((metadata.managedFields ?? []).map(({ manager = 'unknown' }) => manager));
  return [...names].map((name) => (name === own ? `${name}, as which this program writes too` : name)).join(', ');
}

async function previewCreate(session: Session, request: CreateRequest): Promise<Created> {
  const { inputs, type } = request;
  const asTheyAre: Created = { id: '', outputs: veiled(inputs, inputs) };
  if (hasUnknown(inputs) || typeParts(type)?.patch === true || !session.settings.serverSideApply) return asTheyAre;
  const object = asObject(inputs);
  const resource = await session.cluster.find(object);
  // Its definition may come with the same update.
  if (resource === undefined) return asTheyAre;
  const sending = sendingOf(session, request, object, resource);
  const outputs = await previewOutputs(session, () => tryOut(session, sending), { inputs, ...sending });
  return outputs === undefined ? asTheyAre : { id: '', outputs: veiled(outputs, inputs) };
}

/** A dry run; where the object is there, that of a change, in whose way nobody stands. */
async function tryOut(session: Session, sending: SendRequest): Promise<{ readonly object: KubeObject }> {
  try {
    return await send(session, sending);
  } catch (error) {
    if (!sending.createOnly || !isTaken(error)) throw error;
    await warnOfOther(session, sending);
    return send(session, { ...sending, createOnly: false, force: true });
  }
}

/** What the update may delete first is no obstacle, so that this is no refusal yet. */
async function warnOfOther(session: Session, sending: SendRequest): Promise<void> {
  const { urn, object, resource } = sending;
  const { settings, signal, inState, engine } = session;
  if (inState.get(urn) === idOf(object)) return;
  const { name, namespace } = object.metadata;
  const live = await getObject({ transport: await session.cluster.transport(), resource, name, namespace, signal });
  if (live === undefined || isStamped(live, settings.owner, urn)) return;
  const text = `${notOurs(live, sending, settings.owner).message}; unless this update deletes it first, it will fail`;
  await engine.tell({ urn, severity: 'warning', text });
}
