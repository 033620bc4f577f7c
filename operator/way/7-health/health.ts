/** Is an object as it should be? The ladder of kstatus: deletion, generations, the kind's rule, conditions, else current. */
import { groupKindOf, kindName, type GroupKind, type KubeObject, type ObjectKey } from '#kube';
import type { Health } from '#values';
import { condition, current, failed, inProgress, statusOf, words } from './conditions.ts';
import type { HealthChecks } from './expressions.ts';
import { metadataKinds, rules } from './kinds.ts';

export function healthOf(object: KubeObject, checks?: HealthChecks): Health {
  const { deletionTimestamp, generation } = object.metadata;
  if (deletionTimestamp !== undefined) return { status: 'terminating', message: 'it is being deleted' };
  const own = checks?.evaluate(object);
  if (own !== undefined) return own;
  const { observedGeneration } = statusOf(object);
  if (typeof observedGeneration === 'number' && generation !== undefined && observedGeneration !== generation) {
    return inProgress(`generation ${generation} is not seen by its controller yet, only ${observedGeneration}`);
  }
  const stalled = condition(object, 'Stalled');
  if (stalled?.status === 'True') return failed(words(stalled));
  const reconciling = condition(object, 'Reconciling');
  if (reconciling?.status === 'True') return inProgress(words(reconciling));
  const rule = rules.get(kindName(groupKindOf(object)));
  return rule === undefined ? byReady(object) : rule(object);
}

/** Every kind that follows the conventions says it in `Ready`; one that says nothing is taken to be as wanted. */
function byReady(object: KubeObject): Health {
  const ready = condition(object, 'Ready');
  return ready === undefined || ready.status === 'True' ? current('') : inProgress(words(ready));
}

/** Whether a kind must be watched in full for its health to be known. */
export const needsFullObject = (kind: GroupKind): boolean => !metadataKinds.has(kindName(kind));

export interface ObjectHealth {
  readonly key: ObjectKey;
  readonly health: Health;
}

const mostNamed = 3;

/** The worst of all, naming at most three objects. */
export function summarise(healths: Iterable<ObjectHealth>): Health {
  const groups = { failed: [] as string[], inProgress: [] as string[], terminating: [] as string[] };
  for (const { key, health } of healths) {
    if (health.status !== 'current') groups[health.status].push(`${key}: ${health.message}`);
  }
  const status = (['failed', 'terminating', 'inProgress'] as const).find((each) => groups[each].length > 0);
  if (status === undefined) return current('');
  const names = groups[status];
  const more = names.length > mostNamed ? `, and ${names.length - mostNamed} more` : '';
  return { status, message: `${names.slice(0, mostNamed).join('; ')}${more}` };
}
