/** Why an object does not get ready: what its conditions, its pods and the warnings about both say, a sentence each. */
import { apiFailure, list, objectKey, resourcePath, type KubeObject } from '#kube';
import { isSettled, podSelector, troublesOf } from './pods.ts';
import type { Session } from './session.ts';

const mostPods = 5;
const mostEvents = 5;

const podType = { apiVersion: 'v1', kind: 'Pod' };
const eventType = { apiVersion: 'v1', kind: 'Event' };

export async function reportOn(session: Session, live: KubeObject): Promise<string[]> {
  const lines = [...refusedPods(live)];
  const attempt = async <T>(what: string, fallback: T, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      // What is missing here must not hide what is known.
      lines.push(`${what} could not be read: ${apiFailure(error, { verb: 'list', key: objectKey(live) }).message}`);
      return fallback;
    }
  };
  const pods = await attempt<readonly KubeObject[]>('its pods', [], () => podsOf(session, live));
  const waiting = pods.filter((pod) => !isSettled(pod));
  lines.push(...waiting.slice(0, mostPods).flatMap(troublesOf));
  if (waiting.length > mostPods) lines.push(`and ${waiting.length - mostPods} more pods that are not ready`);
  lines.push(...(await attempt<readonly string[]>('events', [], () => warningsAbout(session, live, pods))));
  return [...new Set(lines)];
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

/** Pods that were never made, for want of quota or rights. */
function refusedPods({ kind, status }: KubeObject): string[] {
  const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly Condition[] };
  return conditions
    .filter(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True')
    .map(({ message = '' }) => `${kind}: ${message}`);
}

/** The pod that it is, or those that it selects. */
export async function podsOf(session: Session, live: KubeObject): Promise<KubeObject[]> {
  if (live.kind === podType.kind) return [live];
  const labelSelector = podSelector(live);
  return labelSelector === undefined ? [] : listAll(session, podType, live, { labelSelector });
}

export async function listAll(
  { cluster, signal }: Session,
  type: { readonly apiVersion: string; readonly kind: string },
  { metadata: { namespace } }: KubeObject,
  query: Readonly<Record<string, string>>,
): Promise<KubeObject[]> {
  const resource = await cluster.resource(type, signal);
  const path = resourcePath(resource, { namespace });
  const found: KubeObject[] = [];
  const items = list(await cluster.transport(), { path, query, accept: 'application/json', signal });
  for await (const item of items) found.push({ ...item, ...type });
  return found;
}

interface Event extends KubeObject {
  readonly involvedObject: { readonly kind?: string; readonly name?: string; readonly uid?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

async function warningsAbout(session: Session, live: KubeObject, pods: readonly KubeObject[]): Promise<string[]> {
  const uids = new Set([live, ...pods].map(({ metadata }) => metadata.uid));
  const events = (await listAll(session, eventType, live, { fieldSelector: 'type=Warning' })) as Event[];
  const told = events
    .filter(({ involvedObject }) => uids.has(involvedObject.uid) || isReplicaSetOf(live, involvedObject))
    .sort((a, b) => timeOf(b).localeCompare(timeOf(a)))
    .map(({ involvedObject: { kind = '', name = '' }, reason = '', message = '' }) => {
      return `${kind.toLowerCase()} ${name}: ${reason}: ${message.trim()}`;
    });
  return [...new Set(told)].slice(0, mostEvents);
}

/** A ReplicaSet that may not make pods says so in its own events alone. */
const isReplicaSetOf = ({ kind, metadata }: KubeObject, { kind: of, name = '' }: Event['involvedObject']): boolean =>
  kind === 'Deployment' && of === 'ReplicaSet' && name.startsWith(`${metadata.name}-`);

const timeOf = ({ lastTimestamp, eventTime, metadata }: Event): string =>
  lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
