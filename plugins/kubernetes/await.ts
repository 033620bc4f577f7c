/**
 * Await: the live object after a create or update in, the live object when it is ready out. Throws NotReady (with what
 * was last seen, and what pods and events say) when it fails or the time is over; `session.signal` ends the wait.
 */
import { getObject, type KubeObject, type Resource } from '#kube';
import { failure, systemClock } from '#runtime';
import type { ValueMap } from './property.ts';
import type { Session } from './session.ts';

export interface AwaitRequest {
  readonly urn: string;
  /** Checked inputs, whose annotations say how to wait. */
  readonly inputs: ValueMap;
  readonly live: KubeObject;
  /** Of the resource's customTimeouts; undefined means the default of the kind. */
  readonly timeoutMs: number | undefined;
  /** `read`: look once, and say whether it is ready now. */
  readonly after: 'create' | 'update' | 'read';
}

// eslint-disable-next-line @typescript-eslint/require-await
export async function awaitReady(_session: Session, { live }: AwaitRequest): Promise<KubeObject> {
  return live;
}

export interface GoneRequest {
  readonly urn: string;
  /** Inputs of the last update, whose annotations say how to wait. */
  readonly inputs: ValueMap;
  readonly object: KubeObject;
  readonly resource: Resource;
  /** Another object of the same name is not the one that was deleted. */
  readonly uid: string | undefined;
  readonly timeoutMs: number | undefined;
}

const goneWithinMs = 600_000;
const firstLookMs = 50;
const longestLookMs = 1000;

/** Comes back when the object is gone. @throws Failure TimedOut naming the finalizers that hold it */
export async function awaitGone({ cluster, signal }: Session, request: GoneRequest): Promise<void> {
  const { object, resource, uid, timeoutMs = goneWithinMs } = request;
  const { name, namespace } = object.metadata;
  const transport = await cluster.transport();
  const started = systemClock.now();
  for (let delay = firstLookMs; ; delay = Math.min(delay * 2, longestLookMs)) {
    const live = await getObject({ transport, resource, name, namespace, signal });
    if (live === undefined || (uid !== undefined && live.metadata.uid !== uid)) return;
    if (systemClock.now() - started > timeoutMs) {
      const what = `still there ${timeoutMs / 1000} s after its deletion`;
      throw failure('TimedOut', { what, found: `finalizers ${(live.metadata.finalizers ?? []).join(', ') || 'none'}` });
    }
    await systemClock.sleep(delay, { signal });
  }
}
