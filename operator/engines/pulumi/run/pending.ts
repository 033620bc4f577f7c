/** Looks in the cluster for what a run was making when it was cut off: an object with the mark of its stack and resource is the proof. */
import { annotations, labels } from '#api';
import {
  apiFailure,
  deleteObject,
  getObject,
  groupKindOf,
  type Account,
  type Discovery,
  type KubeObject,
  type Resource,
  type Transport,
} from '#kube';
import type { StackName } from '../values.ts';
import type { Finding } from './repair.ts';

/** A resource that was being made. */
export interface Unfinished {
  readonly urn: string;
  readonly inputs: unknown;
  /**
   * Of an earlier run: those that the state has under the URN, since a replacement stands beside what it replaces. Of
   * this run: all that the state has.
   */
  readonly ids: readonly string[];
}

export interface Looking {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly as: Account;
  readonly stack: StackName;
  /** Epoch milliseconds. What was made since then is taken away again; undefined to take it into the state. */
  readonly takesBackSince?: number | undefined;
  readonly signal: AbortSignal;
}

/** @throws Failure when the API server does not answer: a guess could lose an object. */
export async function lookFor(unfinished: Unfinished, looking: Looking): Promise<Finding> {
  const { urn } = unfinished;
  const identity = identityOf(unfinished.inputs, looking.as.namespace);
  if (identity === undefined) return { urn, outcome: 'unknown', id: '' };
  try {
    return await look(unfinished, identity, looking);
  } catch (error) {
    throw apiFailure(error, { verb: 'get', key: `${identity.kind}/${identity.metadata.name}` });
  }
}

async function look({ urn, ids }: Unfinished, object: KubeObject, looking: Looking): Promise<Finding> {
  const { transport, discovery, as, signal } = looking;
  const absent: Finding = { urn, outcome: 'absent', id: '' };
  const resource = await discovery.resource(groupKindOf(object), object.apiVersion.split('/').at(-1));
  if (resource === undefined) return absent;
  const at = addressOf(object, resource);
  const live = await getObject({ transport, resource, ...at, as, signal });
  if (live === undefined || !isMarked(live, looking.stack, urn)) return absent;
  // On its way out, it is what a deletion before has left.
  if (live.metadata.deletionTimestamp !== undefined) return absent;
  const id = at.namespace === undefined ? at.name : `${at.namespace}/${at.name}`;
  if (looking.takesBackSince !== undefined) {
    // What is older was there before this run, and its next update takes it over.
    if (ids.includes(id) || madeMs(live) < looking.takesBackSince) return absent;
  } else if (ids.length === 0 || ids.includes(id)) return { urn, outcome: 'adopted', id };
  // The replacement begins again under another name; this one would stay behind.
  await deleteObject({ transport, resource, ...at, uid: live.metadata.uid, as, signal });
  return absent;
}

/** Clocks differ, and the API server tells whole seconds. */
const toleranceMs = 5000;
const madeMs = ({ metadata }: KubeObject): number => Date.parse(metadata.creationTimestamp ?? '') + toleranceMs;

function addressOf(
  { metadata }: KubeObject,
  { namespaced }: Resource,
): { name: string; namespace: string | undefined } {
  return { name: metadata.name, namespace: namespaced ? metadata.namespace : undefined };
}

const isMarked = ({ metadata }: KubeObject, { namespace, name }: StackName, urn: string): boolean =>
  metadata.labels?.[labels.stack] === name &&
  metadata.labels[labels.stackNamespace] === namespace &&
  metadata.annotations?.[annotations.urn] === urn;

/** What the inputs of a Kubernetes resource are called; undefined for resources of other providers. */
function identityOf(inputs: unknown, defaultNamespace: string): KubeObject | undefined {
  if (typeof inputs !== 'object' || inputs === null) return undefined;
  const { apiVersion, kind, metadata } = inputs as Readonly<Record<string, unknown>>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const { name, namespace = defaultNamespace } = metadata as { readonly name?: unknown; readonly namespace?: unknown };
  if (typeof name !== 'string' || typeof namespace !== 'string') return undefined;
  return { apiVersion, kind, metadata: { name, namespace } };
}
