/** Delete: id and state in; comes back when the object is gone. A Patch gives back the fields that it owns instead. */
import { applyObject, deleteObject, getObject, objectKey, type KubeObject } from '#kube';
import { annotationOf } from './annotations.ts';
import { awaitGone } from './gone.ts';
import { inputsIn, keptIn } from './checkpoint.ts';
import { isUnreachable } from './cluster.ts';
import { managerOf } from './managers.ts';
import { asObject, bare, parseId } from './object.ts';
import { foreignObject } from './owner.ts';
import { isMap, type ValueMap } from './property.ts';
import type { DeleteRequest } from './requests.ts';
import { refused, type SendRequest } from './send.ts';
import type { Session } from './session.ts';
import { messageOf, unreachable } from './unreachable.ts';
import { typeParts } from './urn.ts';

type Propagation = 'Background' | 'Foreground' | 'Orphan';

export async function deleteResource(session: Session, request: DeleteRequest): Promise<void> {
  const object = subjectOf(request);
  // What a create of this run took over is the new object, whatever the engine calls it.
  if (session.takenOver.has(uidIn(request.oldOutputs) ?? '')) return;
  try {
    if (typeParts(request.type)?.patch === true) await relinquish(session, request, object);
    else await remove(session, request, object);
  } catch (error) {
    if (!isUnreachable(error)) throw refused(error, object, 'delete');
    if (!session.settings.deleteUnreachable) throw unreachable(error);
    const text = `${messageOf(error)}: taken out of the state, as deleteUnreachable says`;
    await session.engine.tell({ urn: request.urn, severity: 'warning', text });
  }
}

function subjectOf({ id, type, oldOutputs, ...olds }: DeleteRequest): KubeObject {
  const { apiVersion, kind } = { ...typeParts(type), ...bare(inputsIn({ oldOutputs, ...olds })), ...bare(oldOutputs) };
  const { namespace, name } = parseId(id);
  const metadata: ValueMap = namespace === undefined ? { name } : { name, namespace };
  return asObject({ apiVersion: apiVersion ?? null, kind: kind ?? null, metadata });
}

async function remove(session: Session, request: DeleteRequest, object: KubeObject): Promise<void> {
  const { cluster, inState } = session;
  session.signal.throwIfAborted();
  const resource = await cluster.find(object);
  // Its definition is gone, and it with it.
  if (resource === undefined) return;
  const { name, namespace } = object.metadata;
  const inputs = inputsIn(request);
  if (await isOfOther(session, request, { object, resource })) return;
  const { deleted } = await deleteObject({
    transport: await cluster.transport(),
    resource,
    name,
    namespace,
    propagation: propagationOf(inputs, object.kind),
  });
  // From here on an object of this name is one that a create of this run has made.
  if (inState.get(request.urn) === request.id) inState.delete(request.urn);
  if (object.kind === 'CustomResourceDefinition') await cluster.forgetKinds();
  if (deleted && !hasGracePeriod(object.kind)) return;
  const { urn, timeoutMs } = request;
  await awaitGone(session, { urn, inputs, object, resource, uid: uidIn(request.oldOutputs), timeoutMs });
}

/** It came to belong to another stack, which is told of, and what was ours is gone. */
async function isOfOther(
  session: Session,
  { urn, type }: DeleteRequest,
  { object, resource }: Pick<SendRequest, 'object' | 'resource'>,
): Promise<boolean> {
  const foreign = await foreignObject(session, { type, object, resource });
  if (foreign === undefined) return false;
  const text = `${objectKey(object)}: the object belongs to stack ${foreign.stack}: it stays, and is taken out of the state`;
  await session.engine.tell({ urn, severity: 'warning', text });
  return true;
}

const uidIn = ({ metadata }: ValueMap): string | undefined => {
  const uid = isMap(metadata) ? metadata['uid'] : undefined;
  return typeof uid === 'string' ? uid : undefined;
};

/** The API server answers before these are gone. */
const hasGracePeriod = (kind: string): boolean => kind === 'Pod' || kind === 'Namespace';

/** Nothing hangs from these: waiting for dependents would cost a round of the garbage collector each. */
const leaves = new Set([
  'ClusterRole',
  'ClusterRoleBinding',
  'ConfigMap',
  'Endpoints',
  'Ingress',
  'LimitRange',
  'NetworkPolicy',
  'PriorityClass',
  'ResourceQuota',
  'Role',
  'RoleBinding',
  'Secret',
  'Service',
  'ServiceAccount',
  'StorageClass',
]);

function propagationOf(inputs: ValueMap, kind: string): Propagation {
  const wanted = annotationOf(inputs, 'deletionPropagationPolicy')?.toLowerCase();
  if (wanted === 'background') return 'Background';
  if (wanted === 'orphan') return 'Orphan';
  return wanted === 'foreground' || !leaves.has(kind) ? 'Foreground' : 'Background';
}

/** An empty apply takes away what this manager alone has set, and leaves the rest. */
async function relinquish(session: Session, request: DeleteRequest, object: KubeObject): Promise<void> {
  const { settings, cluster, signal } = session;
  const { urn, type, oldOutputs } = request;
  const resource = await cluster.find(object);
  if (resource === undefined) return;
  const transport = await cluster.transport();
  const { name, namespace } = object.metadata;
  const live = await getObject({ transport, resource, name, namespace, signal });
  if (live === undefined) return;
  const inputs = inputsIn(request);
  const manager = keptIn(oldOutputs).manager ?? managerOf(settings, { urn, type, inputs });
  const { uid = '' } = live.metadata;
  const empty: KubeObject = { ...object, metadata: { ...object.metadata, uid } };
  await applyObject({ transport, resource, object: empty, force: false, manager, validation: 'Warn', signal });
}
