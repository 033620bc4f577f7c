/** Sends one object: server-side apply, the take-over from kubectl, the honest conflict, the proven re-creation. */
import { annotations } from '#api';
import {
  apiFailure,
  applyObject,
  createObject,
  deleteObject,
  getObject,
  isClientSide,
  isFirstManager,
  managedDigest,
  takeOverFields,
  type KubeObject,
  type Resource,
  type Transport,
} from '#kube';
import { Failure, failure, systemClock } from '#runtime';
import type { ObjectAction, RenderedObject } from '#values';
import type { Proof } from './held.ts';

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** Makes of the wanted object and the live one what is to be sent. */
export type Leave = (wanted: KubeObject, live: KubeObject) => KubeObject;

export interface ApplyOne {
  readonly transport: Transport;
  readonly resource: Resource;
  readonly rendered: RenderedObject;
  readonly as: Account | undefined;
  readonly force: boolean;
  readonly recreate: boolean;
  /** Whether the stack has had the object before; `unsure`: a run for it was cut short, perhaps before it began. */
  readonly known: boolean | 'unsure';
  /** Digest of our managed fields after the last apply, when what others took of them since may be taken back. */
  readonly seen?: string | undefined;
  /** What is sent where the object exists: with the live values of the fields that the stack leaves to others. */
  readonly leave?: Leave | undefined;
  /** What an approved plan says of the object: nothing else is done, and only to the object in that version. */
  readonly proof?: Proof | undefined;
  readonly signal: AbortSignal;
}

export interface AppliedOne {
  readonly object: KubeObject;
  readonly action: ObjectAction;
}

/** @throws Failure with the API server's reason in Plumbline's words, naming the file and line of the object. */
export async function applyOne(given: ApplyOne): Promise<AppliedOne> {
  let request = given;
  try {
    if (given.leave !== undefined) request = leaving(given, await read(given));
    return await applyOrTakeOver(request);
  } catch (error) {
    const failed = toFailure(error, request);
    const planned = request.proof === undefined || request.proof.action === 'replace';
    if (failed.reason === 'ImmutableField' && mayRecreate(request) && planned) return recreate(request);
    throw failed;
  }
}

/** The request with what others have set since where they may. */
export function leaving(request: ApplyOne, live: KubeObject | undefined): ApplyOne {
  const { leave, rendered } = request;
  if (leave === undefined || live === undefined) return request;
  return { ...request, rendered: { ...rendered, object: leave(rendered.object, live) } };
}

/** Whether `kubectl apply` without --server-side owns fields of it. */
export const isFromKubectl = ({ metadata }: KubeObject): boolean => metadata.managedFields?.some(isClientSide) ?? false;

async function applyOrTakeOver(request: ApplyOne): Promise<AppliedOne> {
  const { known, rendered } = request;
  try {
    if (rendered.object.metadata.annotations?.[annotations.apply] === 'create-only') {
      const live = await read(request);
      if (live !== undefined) return { object: live, action: 'unchanged' };
    }
    const { object, created, tries } = await send(request);
    if (created) return { object, action: 'created' };
    if (known === true) return { object, action: 'configured' };
    // Its creation may have been ours all the same: the answer was lost, or we were.
    if ((known === 'unsure' || tries > 1) && isFirstManager(object)) return { object, action: 'created' };
    return { object: isFromKubectl(object) ? await takeOver(request, object) : object, action: 'adopted' };
  } catch (error) {
    const failed = toFailure(error, request);
    if (failed.reason !== 'FieldConflict') throw failed;
    return settle(request, failed);
  }
}

/** What is done about fields of other managers: taken back, taken over from kubectl, or left to them. */
async function settle(request: ApplyOne, conflict: Failure): Promise<AppliedOne> {
  const { known, proof } = request;
  // What was planned had no conflict, or was to be taken over from kubectl.
  if (proof !== undefined && proof.action !== 'adopt') throw conflict;
  if (known === true) return { object: await takeBack(request, conflict), action: 'configured' };
  const live = await read(request);
  if (live === undefined || !isFromKubectl(live)) throw conflict;
  if (proof !== undefined && live.metadata.resourceVersion !== proof.version) throw conflict;
  return { object: await takeOver(request, live), action: 'adopted' };
}

/** Makes the fields that `kubectl apply` once set ours, so that a field which is not in Git is removed. */
async function takeOver(request: ApplyOne, live: KubeObject): Promise<KubeObject> {
  const { transport, resource, as, signal } = request;
  await takeOverFields({ transport, resource, live, as, signal });
  return (await send(request)).object;
}

/**
 * Somebody changed by hand what is ours just before this commit: that is drift, and is taken back. A conflict while
 * our fields are as we left them is about one that was never ours.
 */
async function takeBack(request: ApplyOne, conflict: Failure): Promise<KubeObject> {
  const live = await read(request);
  if (request.seen === undefined || live === undefined || managedDigest(live) === request.seen) throw conflict;
  return (await send({ ...request, force: true })).object;
}

export function send(
  { transport, resource, rendered, as, force, proof, signal }: ApplyOne,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): ReturnType<typeof applyObject> {
  const createOnly = proof?.action === 'create';
  const { object } = rendered;
  return applyObject({ transport, resource, object, force, dryRun, createOnly, version: proof?.version, as, signal });
}

export function read({ transport, resource, rendered, as, signal }: ApplyOne): Promise<KubeObject | undefined> {
  const { name, namespace } = rendered.object.metadata;
  return getObject({ transport, resource, name, namespace, as, signal });
}

export const mayRecreate = ({ recreate, rendered }: ApplyOne): boolean =>
  recreate || rendered.object.metadata.annotations?.[annotations.recreate] === 'allow';

/** Deletes and creates, but only after a dry run has shown that the new object would be accepted. */
async function recreate(request: ApplyOne): Promise<AppliedOne> {
  const { transport, resource, rendered, proof, as, signal } = request;
  const { name, namespace } = rendered.object.metadata;
  await createTrial(request);
  const uid = (await read(request))?.metadata.uid;
  const version = proof?.version;
  await deleteObject({ transport, resource, name, namespace, version, propagation: 'Foreground', as, signal });
  await untilGone(request, uid);
  const { object } = await send({ ...request, proof: undefined });
  return { object, action: 'recreated' };
}

/** A dry run of the object under another name, since its own is taken. @throws ApiError when it would be refused */
export function createTrial({ transport, resource, rendered, as, signal }: ApplyOne): Promise<KubeObject> {
  const { metadata } = rendered.object;
  const name = `${metadata.name.slice(0, 50).replace(/[-.]+$/, '')}-trial`;
  const object: KubeObject = { ...rendered.object, metadata: { ...metadata, name } };
  return createObject({ transport, resource, object, dryRun: true, as, signal });
}

const firstLookMs = 50;
const longestLookMs = 2000;

/** Asks until the object is gone. The watch can not tell here: it holds back what comes in the middle of a write. */
async function untilGone(request: ApplyOne, uid: string | undefined): Promise<void> {
  for (
    let delay = firstLookMs;
    (await read(request))?.metadata.uid === uid;
    delay = Math.min(delay * 2, longestLookMs)
  ) {
    await systemClock.sleep(delay, { signal: request.signal });
  }
}

export function toFailure(error: unknown, { rendered, as }: ApplyOne, verb = 'patch'): Failure {
  if (error instanceof Failure) return error;
  const failed = apiFailure(error, { verb, key: rendered.key, as });
  const { file, line } = rendered.origin;
  return failure(failed.reason, { ...failed.parts, where: `${file}:${line}` }, { cause: error });
}
