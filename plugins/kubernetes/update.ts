/** Update: the state and checked new inputs in, outputs out. Fields that others set since are a conflict, never overwritten. */
import { getObject, takeOverFields, type KubeObject } from '#kube';
import { failure } from '#runtime';
import { awaitReady } from './await.ts';
import { checkpoint, keptIn } from './checkpoint.ts';
import { leaveIgnored } from './ignored.ts';
import { isForced, isFormerEntry, managerOf } from './managers.ts';
import { NotInitialized, NotReady } from './not-initialized.ts';
import { asObject, parseId } from './object.ts';
import { assertFree } from './owner.ts';
import { carriedOver, previewOutputs } from './preview.ts';
import { hasUnknown, type ValueMap } from './property.ts';
import type { UpdateRequest } from './requests.ts';
import { refused, send, type SendRequest } from './send.ts';
import type { Session } from './session.ts';
import { typeParts } from './urn.ts';

interface Updated {
  readonly outputs: ValueMap;
}

export async function update(session: Session, request: UpdateRequest): Promise<Updated> {
  return request.preview ? previewUpdate(session, request) : updateNow(session, request);
}

async function updateNow(session: Session, request: UpdateRequest): Promise<Updated> {
  const { urn, id, news: inputs, oldOutputs, timeoutMs } = request;
  const object = asObject(inputs);
  const sending = await sendingOf(session, request, object);
  let written: KubeObject | undefined;
  const outputs = (live: KubeObject): ValueMap => {
    const initialApiVersion = keptIn(oldOutputs).initialApiVersion ?? object.apiVersion;
    const kept = { inputs, live, manager: sending.manager, initialApiVersion };
    return checkpoint(written === undefined ? kept : { ...kept, written });
  };
  try {
    await assertFree(session, sending);
    if (hasFormerManager(request, sending.manager)) await takeOver(session, sending, request);
    const { object: sent } = await send(session, sending);
    written = sent;
    if (object.kind === 'CustomResourceDefinition') await session.cluster.forgetKinds();
    const live = await awaitReady(session, { urn, inputs, live: sent, timeoutMs, after: 'update' });
    return { outputs: outputs(live) };
  } catch (error) {
    if (!(error instanceof NotReady)) throw refused(error, object);
    throw new NotInitialized({ id, inputs, outputs: outputs(error.live) }, error);
  }
}

async function previewUpdate(session: Session, request: UpdateRequest): Promise<Updated> {
  const { news: inputs, oldOutputs } = request;
  const likely: Updated = { outputs: carriedOver(inputs, oldOutputs) };
  if (hasUnknown(inputs) || !session.settings.serverSideApply) return likely;
  const object = asObject(inputs);
  if ((await session.cluster.find(object)) === undefined) return likely;
  const sending = await sendingOf(session, request, object);
  const outputs = await previewOutputs(session, () => send(session, sending), { inputs, ...sending });
  return outputs === undefined ? likely : { outputs };
}

async function sendingOf(session: Session, request: UpdateRequest, wanted: KubeObject): Promise<SendRequest> {
  const { urn, type, news: inputs, oldOutputs: outputs, preview, ignoreChanges } = request;
  const { settings, cluster, signal } = session;
  const manager = managerOf(settings, { urn, type, inputs, outputs });
  const resource = await cluster.resource(wanted, signal).catch((error: unknown) => {
    throw refused(error, wanted, 'get');
  });
  let object = wanted;
  if (ignoreChanges.length > 0) {
    const live = await readFor(session, { object, resource });
    if (live !== undefined) object = leaveIgnored(object, live, { manager, paths: ignoreChanges });
  }
  // The fields of the manager before us are ours by the time of the update; a dry run can not do two steps.
  const unsettled = preview && hasFormerManager(request, manager);
  const force = unsettled || settings.heal || isForced(settings, inputs);
  return { urn, type, object, resource, manager, force, dryRun: preview, createOnly: false };
}

/** The state was written by the official provider, at a desk, or before the annotation named another manager. */
const hasFormerManager = ({ type, oldOutputs }: UpdateRequest, manager: string): boolean =>
  typeParts(type)?.patch !== true && keptIn(oldOutputs).manager !== manager;

async function takeOver(session: Session, sending: SendRequest, { id, oldOutputs }: UpdateRequest): Promise<void> {
  const { resource, manager, object } = sending;
  const live = await readFor(session, sending);
  if (live === undefined) {
    const remedy = 'run pulumi refresh, so that it is created again';
    throw failure('ApplyFailed', { where: parseId(id).name, what: `${object.kind} ${id} is gone`, remedy });
  }
  await takeOverFields({
    transport: await session.cluster.transport(),
    resource,
    live,
    manager,
    isFormer: isFormerEntry(keptIn(oldOutputs).manager),
    signal: session.signal,
  });
}

async function readFor(
  { cluster, signal }: Session,
  { object, resource }: Pick<SendRequest, 'object' | 'resource'>,
): Promise<KubeObject | undefined> {
  const { name, namespace } = object.metadata;
  return getObject({ transport: await cluster.transport(), resource, name, namespace, signal });
}
