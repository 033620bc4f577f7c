/** The calls that Plumbline makes on objects, one function each. */
import { ApiError } from './api-error.ts';
import { fieldManager } from './digest.ts';
import { resourcePath, type Resource } from './discovery.ts';
import { isClientSide, lastApplied, mergeEntries } from './managed-fields.ts';
import type { KubeObject, ManagedFields } from './object.ts';
import type { Account, Transport } from './transport.ts';

interface Call {
  readonly transport: Transport;
  readonly resource: Resource;
  readonly as?: Account | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface NamedCall extends Call {
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface ApplyCall extends Call {
  readonly object: KubeObject;
  readonly force: boolean;
  readonly dryRun?: boolean;
  readonly manager?: string;
  /** `Warn` drops fields of custom resources that the definition does not have, and says so in a warning. */
  readonly validation?: 'Strict' | 'Warn';
  /** An object that is there already is left as it is: the answer is a Conflict without causes. */
  readonly createOnly?: boolean;
  /** The version that the live object must have; with another one the answer is a Conflict without causes. */
  readonly version?: string | undefined;
}

export interface ApplyAnswer {
  readonly object: KubeObject;
  readonly created: boolean;
  readonly tries: number;
  readonly warnings: readonly string[];
}

/** No live object has this version, and a new one may be applied with any. */
const versionOfNone = '1';

/** Server-side apply, as field manager `plumbline` with strict field validation unless told otherwise. @throws ApiError */
export async function applyObject({
  transport,
  resource,
  object,
  force,
  dryRun = false,
  manager = fieldManager,
  validation = 'Strict',
  createOnly = false,
  version = createOnly ? versionOfNone : undefined,
  as,
  signal,
}: ApplyCall): Promise<ApplyAnswer> {
  const { metadata } = object;
  const { namespace, name } = metadata;
  const { status, body, tries, warnings } = await transport.request<KubeObject>({
    method: 'PATCH',
    path: resourcePath(resource, { namespace, name }),
    query: {
      fieldManager: manager,
      force: String(force),
      fieldValidation: validation,
      ...(dryRun ? { dryRun: 'All' } : {}),
    },
    body: version === undefined ? object : { ...object, metadata: { ...metadata, resourceVersion: version } },
    // JSON is YAML, and cheaper for both sides.
    contentType: 'application/apply-patch+yaml',
    as,
    signal,
  });
  return { object: body, created: status === 201, tries, warnings };
}

/** @throws ApiError; undefined when the object does not exist. */
export async function getObject<T = KubeObject>({
  transport,
  resource,
  name,
  namespace,
  as,
  signal,
}: NamedCall): Promise<T | undefined> {
  try {
    const path = resourcePath(resource, { namespace, name });
    return (await transport.request<T>({ method: 'GET', path, as, signal })).body;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** The object without spec and status: for answers that nobody reads. */
export const metadataAccept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

interface Answered {
  /** The answer holds metadata alone. */
  readonly metadataOnly?: boolean;
}

const acceptOf = (metadataOnly: boolean): { accept?: string } => (metadataOnly ? { accept: metadataAccept } : {});

/** `repeatable`: sent again when the answer is lost, so that AlreadyExists may be our own doing. @throws ApiError */
export async function createObject({
  transport,
  resource,
  object,
  dryRun = false,
  repeatable = false,
  metadataOnly = false,
  as,
  signal,
}: Call & Answered & { object: KubeObject; dryRun?: boolean; repeatable?: boolean }): Promise<KubeObject> {
  const { body } = await transport.request<KubeObject>({
    method: 'POST',
    path: resourcePath(resource, { namespace: object.metadata.namespace }),
    query: { fieldManager, ...(dryRun ? { dryRun: 'All' } : {}) },
    body: object,
    repeatable,
    ...acceptOf(metadataOnly),
    as,
    signal,
  });
  return body;
}

export interface DeleteCall extends NamedCall {
  /** Deletes only the object with this uid. */
  readonly uid?: string | undefined;
  /** Deletes it only in this version. */
  readonly version?: string | undefined;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

/** `deleted` is false while finalizers hold the object. @throws ApiError */
export async function deleteObject({
  transport,
  resource,
  name,
  namespace,
  uid,
  version,
  propagation = 'Background',
  as,
  signal,
}: DeleteCall): Promise<{ deleted: boolean }> {
  try {
    const { body } = await transport.request<{
      kind: string;
      metadata?: { deletionTimestamp?: string; finalizers?: string[] };
    }>({
      method: 'DELETE',
      path: resourcePath(resource, { namespace, name }),
      body: { propagationPolicy: propagation, preconditions: { uid, resourceVersion: version } },
      as,
      signal,
    });
    // A Status means gone; an object in its last breath has no finalizers and is gone with this answer or its grace period.
    return { deleted: body.kind === 'Status' || body.metadata?.deletionTimestamp === undefined };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { deleted: true };
    throw error;
  }
}

/** JSON merge patch. @throws ApiError */
export async function patchMerge({
  transport,
  resource,
  name,
  namespace,
  patch,
  subresource,
  manager = fieldManager,
  metadataOnly = false,
  dryRun = false,
  as,
  signal,
}: NamedCall &
  Answered & { patch: unknown; subresource?: string; manager?: string; dryRun?: boolean }): Promise<KubeObject> {
  const { body } = await transport.request<KubeObject>({
    method: 'PATCH',
    path: resourcePath(resource, { namespace, name, subresource }),
    query: { fieldManager: manager, ...(dryRun ? { dryRun: 'All' } : {}) },
    body: patch,
    contentType: 'application/merge-patch+json',
    ...acceptOf(metadataOnly),
    as,
    signal,
  });
  return body;
}

export const patchStatus = (call: NamedCall & { patch: unknown }): Promise<KubeObject> =>
  patchMerge({ ...call, subresource: 'status' });

export interface TakeOverCall extends Call {
  readonly live: KubeObject;
  readonly manager?: string;
  /** Which entries become ours; those of kubectl's client-side apply when absent. */
  readonly isFormer?: (entry: ManagedFields) => boolean;
}

/** Makes the fields that `kubectl apply`, or another writer, once set ours, so that leaving one out removes it. @throws ApiError */
export async function takeOverFields({
  transport,
  resource,
  live,
  manager = fieldManager,
  isFormer = isClientSide,
  as,
  signal,
}: TakeOverCall): Promise<void> {
  const { name, namespace, managedFields = [], resourceVersion, annotations } = live.metadata;
  const merged = mergeEntries(managedFields, manager, isFormer);
  if (merged === undefined) return;
  const body: unknown[] = [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'replace', path: '/metadata/managedFields', value: merged },
  ];
  if (annotations?.[lastApplied] !== undefined) {
    body.push({ op: 'remove', path: `/metadata/annotations/${lastApplied.replaceAll('/', '~1')}` });
  }
  const path = resourcePath(resource, { namespace, name });
  await transport.request({
    method: 'PATCH',
    path,
    query: { fieldManager: manager },
    body,
    contentType: 'application/json-patch+json',
    as,
    signal,
  });
}
