/** The wait for the end of a deleted object: dependents, grace periods and finalizers take their time. */
import { objectKey, type KubeObject, type Resource } from '#kube';
import { failure, systemClock } from '#runtime';
import { isAnnotated } from './annotations.ts';
import { timeoutOf } from './await.ts';
import { Bell, ringAtAbort } from './bell.ts';
import type { ValueMap } from './property.ts';
import type { Session } from './session.ts';
import { Status } from './status.ts';
import { Watched } from './watched.ts';

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

const usual = { timeoutMs: 600_000 };

/** Kinds whose deletion the official provider does not wait for either when skipAwait is set. */
const maySkip = new Set(['DaemonSet', 'Deployment', 'Job', 'Namespace', 'Pod', 'ReplicationController', 'StatefulSet']);

/** Comes back when the object is gone. @throws Failure TimedOut naming the finalizers that hold it */
export async function awaitGone(session: Session, request: GoneRequest): Promise<void> {
  const { urn, inputs, object, resource, uid } = request;
  if (isAnnotated(inputs, 'skipAwait') && maySkip.has(object.kind)) return;
  const timeoutMs = timeoutOf(request, usual);
  const bell = new Bell();
  using alarms = new DisposableStack();
  alarms.defer(systemClock.after(timeoutMs, () => bell.ring('over')));
  alarms.defer(ringAtAbort(session.signal, bell));
  const { name, namespace } = object.metadata;
  await using watched = await Watched.open(session, { resource, namespace, name }, () => bell.ring('change'));
  if (watched.refusal !== undefined) throw watched.refusal;
  const status = new Status(session.engine, urn);
  for (;;) {
    const heard = bell.listen();
    const live = watched.objects.find(({ metadata }) => uid === undefined || metadata.uid === uid);
    if (live === undefined) {
      await status.clear();
      return;
    }
    const held = holdersOf(live).join('; ');
    if (bell.has('over')) {
      const what = `it is still there ${timeoutMs / 1000} s after its deletion`;
      const remedy = 'let what set the finalizers do its work, or remove them by hand if it is gone for good';
      throw failure('TimedOut', { where: objectKey(live), what, found: held || 'no finalizer', remedy });
    }
    await status.say(held === '' ? 'it is being deleted' : `it is being deleted: ${held}`);
    await heard;
    session.signal.throwIfAborted();
  }
}

interface Condition {
  readonly status: string;
  readonly message?: string;
}

/** What a deletion waits for: finalizers, and what a Namespace says of its contents. */
function holdersOf({ kind, metadata, spec, status }: KubeObject): string[] {
  const ofNamespace =
    kind === 'Namespace' ? ((spec ?? {}) as { readonly finalizers?: readonly string[] }).finalizers : [];
  const finalizers = [...(metadata.finalizers ?? []), ...(ofNamespace ?? [])];
  const { conditions = [] } = (kind === 'Namespace' ? (status ?? {}) : {}) as {
    readonly conditions?: readonly Condition[];
  };
  return [
    ...(finalizers.length === 0 ? [] : [`finalizers ${finalizers.join(', ')}`]),
    ...conditions.filter((condition) => condition.status === 'True').map(({ message = '' }) => message),
  ];
}
