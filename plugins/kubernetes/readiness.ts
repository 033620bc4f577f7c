/**
 * When an object of which kind is ready, and how long that may take. Where the health room has a rule it decides; the
 * rest is as the official provider has it (pulumi-kubernetes, provider/pkg/await/awaiters.go).
 */
import { groupKindOf, kindName, type KubeObject } from '#kube';
import { healthOf } from '#health';
import type { Health } from '#values';
import { annotationOf, isAnnotated } from './annotations.ts';
import { isSettled, podSelector } from './pods.ts';
import type { ValueMap } from './property.ts';
import type { Settings } from './settings.ts';
import { parseWaitFor } from './wait-for.ts';

/** What a rule may look at beside the object. */
export interface View {
  readonly live: KubeObject;
  /** EndpointSlices of a Service and the pods that it selects; empty for other kinds. */
  readonly companions: readonly KubeObject[];
  /** Another object, read once. */
  readonly find: (
    type: { readonly apiVersion: string; readonly kind: string },
    name: string,
  ) => Promise<KubeObject | undefined>;
}

export interface Companion {
  readonly apiVersion: string;
  readonly kind: string;
  /** Label selector. */
  readonly selector: string;
}

export interface Rule {
  readonly timeoutMs: number;
  judge(view: View): Health | Promise<Health>;
  /** What is watched with the object, in its namespace. */
  companions?(live: KubeObject): readonly Companion[];
  /** Whether a refresh looks whether the object is ready. */
  readonly onRead?: boolean;
}

const minute = 60_000;
const usualMs = 10 * minute;

const current: Health = { status: 'current', message: '' };
const inProgress = (message: string): Health => ({ status: 'inProgress', message });

const byHealth: Rule = { timeoutMs: usualMs, judge: ({ live }) => healthOf(live) };
const workload: Rule = { ...byHealth, onRead: true };

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const specOf = (object: KubeObject): Fields => fieldsOf(object['spec']);
const statusOf = (object: KubeObject): Fields => fieldsOf(object['status']);

const hasAddress = (object: KubeObject): boolean => {
  const { ingress } = fieldsOf(statusOf(object)['loadBalancer']);
  return Array.isArray(ingress) && ingress.length > 0;
};

const sliceType = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
const podType = { apiVersion: 'v1', kind: 'Pod' };

const service: Rule = {
  timeoutMs: usualMs,
  onRead: true,
  judge: ({ live, companions }) => {
    const health = healthOf(live);
    return health.status === 'current' && sendsToPods(live) ? endpoints(companions) : health;
  },
  companions: (live) => {
    const selector = podSelector(live);
    if (selector === undefined || !sendsToPods(live)) return [];
    return [
      { ...sliceType, selector: `kubernetes.io/service-name=${live.metadata.name}` },
      { ...podType, selector },
    ];
  },
};

function sendsToPods(live: KubeObject): boolean {
  const { type, clusterIP } = specOf(live);
  return type !== 'ExternalName' && clusterIP !== 'None' && podSelector(live) !== undefined;
}

interface Endpoint {
  readonly conditions?: { readonly ready?: boolean; readonly terminating?: boolean };
}

/** None of the selected pods is left out; that there is none at all is as wanted, since they may come later. */
function endpoints(companions: readonly KubeObject[]): Health {
  const pods = companions.filter((each) => each.kind === podType.kind && mayServe(each));
  const unready = pods.filter((pod) => !isSettled(pod)).length;
  if (unready > 0) return inProgress(`${unready} of the ${pods.length} pods that it selects are not ready`);
  const found = companions
    .filter(({ kind }) => kind === sliceType.kind)
    .flatMap((slice) => (slice['endpoints'] ?? []) as readonly Endpoint[])
    .filter(({ conditions }) => conditions?.terminating !== true);
  const waiting = found.filter(({ conditions }) => conditions?.ready === false).length;
  if (waiting > 0) return inProgress(`${waiting} of its ${found.length} endpoints are not ready`);
  return found.length === 0 && pods.length > 0 ? inProgress('it has no endpoints yet') : current;
}

function mayServe(pod: KubeObject): boolean {
  const { phase } = statusOf(pod);
  return phase !== 'Succeeded' && phase !== 'Failed' && pod.metadata.deletionTimestamp === undefined;
}

async function claim({ live, find }: View): Promise<Health> {
  const health = healthOf(live);
  const { storageClassName } = specOf(live);
  if (health.status !== 'inProgress' || typeof storageClassName !== 'string') return health;
  if (storageClassName === '' || statusOf(live)['phase'] !== 'Pending') return health;
  const storageClass = await find({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }, storageClassName);
  // Such a claim is bound when a pod uses it, which may well come later.
  return storageClass?.['volumeBindingMode'] === 'WaitForFirstConsumer' ? current : health;
}

function volume({ live }: View): Health {
  const { phase, message } = statusOf(live);
  if (phase === 'Available' || phase === 'Bound') return current;
  const why = typeof message === 'string' && message !== '' ? `: ${message}` : '';
  const is = typeof phase === 'string' ? phase : 'not seen yet';
  return { status: phase === 'Failed' ? 'failed' : 'inProgress', message: `the volume is ${is}${why}` };
}

function quota({ live }: View): Health {
  const wanted = fieldsOf(specOf(live)['hard']);
  const seen = fieldsOf(statusOf(live)['hard']);
  const missing = Object.keys(wanted).filter((name) => wanted[name] !== seen[name]);
  return missing.length === 0 ? current : inProgress(`the quota of ${missing.join(', ')} does not hold yet`);
}

function replicationController({ live }: View): Health {
  const { replicas = 1 } = specOf(live);
  const { availableReplicas = 0 } = statusOf(live);
  if (replicas === availableReplicas) return current;
  return inProgress(`${String(availableReplicas)} of ${String(replicas)} replicas are available`);
}

const token: Rule = {
  timeoutMs: minute,
  judge: ({ live }) => (Object.keys(fieldsOf(live['data'])).length > 0 ? current : inProgress('it holds no token yet')),
};

const rules: ReadonlyMap<string, Rule> = new Map([
  ['Deployment.apps', workload],
  ['StatefulSet.apps', workload],
  ['DaemonSet.apps', workload],
  ['ReplicaSet.apps', workload],
  ['Job.batch', workload],
  ['Pod', workload],
  ['Service', service],
  [
    'Ingress.networking.k8s.io',
    {
      timeoutMs: usualMs,
      onRead: true,
      judge: ({ live }) => (hasAddress(live) ? current : inProgress('no controller has given it an address yet')),
    },
  ],
  ['PersistentVolumeClaim', { timeoutMs: 5 * minute, judge: claim }],
  ['PersistentVolume', { timeoutMs: 5 * minute, judge: volume }],
  ['ReplicationController', { timeoutMs: usualMs, judge: replicationController }],
  ['ResourceQuota', { timeoutMs: minute, judge: quota }],
  ['CustomResourceDefinition.apiextensions.k8s.io', byHealth],
]);

/** Undefined when nothing is waited for. @throws Failure ExpressionInvalid when the annotation waitFor can not be read */
export function ruleOf(inputs: ValueMap, live: KubeObject, { environment }: Settings): Rule | undefined {
  if (isAnnotated(inputs, 'skipAwait')) return undefined;
  const waitFor = annotationOf(inputs, 'waitFor');
  if (waitFor !== undefined && waitFor !== '') {
    const check = parseWaitFor(waitFor);
    return { timeoutMs: usualMs, judge: ({ live: object }) => check(object) };
  }
  const kind = kindName(groupKindOf(live));
  if (kind === 'Secret') return live['type'] === 'kubernetes.io/service-account-token' ? token : undefined;
  return rules.get(kind) ?? (environment['PULUMI_K8S_AWAIT_ALL'] === 'true' ? byHealth : undefined);
}
