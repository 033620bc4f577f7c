/** What keeps pods from being ready, in the words of the scheduler and the kubelet. Pure. */
import type { KubeObject } from '#kube';

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: Terminated;
}

interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

const statusOf = (pod: KubeObject): PodStatus => pod['status'] ?? {};

/** Serves, or has done its work, or goes: nobody waits for it. */
export function isSettled(pod: KubeObject): boolean {
  const { phase, conditions = [] } = statusOf(pod);
  const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  return ready || phase === 'Succeeded' || pod.metadata.deletionTimestamp !== undefined;
}

/** `pod web-1: container web waits: ImagePullBackOff: …`; one line for each thing that is wrong, none for a pod on its way. */
export function troublesOf(pod: KubeObject): string[] {
  const { phase, reason, message, conditions = [], initContainerStatuses = [], containerStatuses = [] } = statusOf(pod);
  const troubles = [...initContainerStatuses, ...containerStatuses].flatMap(troublesOfContainer);
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined)
    troubles.push(`not scheduled: ${unscheduled.message || unscheduled.reason || 'no reason is given'}`);
  if (phase === 'Failed') troubles.push(`it failed: ${message || reason || 'no reason is given'}`);
  const readiness = conditions.find(({ type, status }) => type === 'Ready' && status === 'False');
  if (troubles.length === 0 && readiness?.message) troubles.push(readiness.message);
  return troubles.map((trouble) => `pod ${pod.metadata.name}: ${trouble}`);
}

/** What every container goes through. */
const onItsWay = new Set(['ContainerCreating', 'PodInitializing']);

function troublesOfContainer({ name, ready, restartCount = 0, state = {}, lastState = {} }: ContainerStatus): string[] {
  if (ready) return [];
  const { waiting, terminated } = state;
  const troubles: string[] = [];
  if (waiting?.reason !== undefined && !onItsWay.has(waiting.reason)) {
    troubles.push(`waits: ${[waiting.reason, waiting.message].filter(Boolean).join(': ')}`);
  }
  const ended = terminated ?? lastState.terminated;
  // An init container that ended well is not ready either.
  if (ended !== undefined && (ended.exitCode !== 0 || ended === lastState.terminated)) {
    const why = [ended.reason, ended.message?.trim()].filter(Boolean).join(': ');
    troubles.push(`ended with exit code ${ended.exitCode}${why === '' ? '' : ` (${why})`}, ${restartCount} restarts`);
  }
  return troubles.map((trouble) => `container ${name} ${trouble}`);
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Label selector of the pods that belong to an object; undefined when none do. */
export function podSelector(object: KubeObject): string | undefined {
  const { selector } = (object['spec'] ?? {}) as { readonly selector?: Selector & Readonly<Record<string, string>> };
  if (selector === undefined || Object.keys(selector).length === 0) return undefined;
  // Services and ReplicationControllers have a bare map.
  const isBare = object.kind === 'Service' || object.kind === 'ReplicationController';
  const { matchLabels = {}, matchExpressions = [] }: Selector = isBare ? { matchLabels: selector } : selector;
  const terms = [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key;
      return operator === 'DoesNotExist' ? `!${key}` : `${key} ${operator.toLowerCase()} (${values.join(',')})`;
    }),
  ];
  return terms.length === 0 ? undefined : terms.join(',');
}
