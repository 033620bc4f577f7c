/** Health of the built-in kinds, after kstatus (kubernetes-sigs/cli-utils, pkg/kstatus/status/core.go). */
import type { KubeObject } from '#kube';
import type { Health } from '#values';
import { condition, current, failed, fieldsOf, inProgress, number, specOf, statusOf, words } from './conditions.ts';

type Rule = (object: KubeObject) => Health;

const ready: Health = current('');

function deployment(object: KubeObject): Health {
  const status = statusOf(object);
  const wanted = number(specOf(object), 'replicas', 1);
  const progressing = condition(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return failed(words(progressing));
  const [replicas, updated, available, readyNow] = [
    'replicas',
    'updatedReplicas',
    'availableReplicas',
    'readyReplicas',
  ].map((field) => number(status, field)) as [number, number, number, number];
  if (updated < wanted) return inProgress(`${updated} of ${wanted} replicas are updated`);
  if (replicas > updated) return inProgress(`${replicas - updated} old replicas are still there`);
  if (available < updated) return inProgress(`${available} of ${wanted} replicas are available`);
  if (readyNow < wanted) return inProgress(`${readyNow} of ${wanted} replicas are ready`);
  const availability = condition(object, 'Available');
  if (availability !== undefined && availability.status !== 'True') return inProgress(words(availability));
  return ready;
}

function statefulSet(object: KubeObject): Health {
  const spec = specOf(object);
  const status = statusOf(object);
  const strategy = fieldsOf(spec['updateStrategy']);
  const wanted = number(spec, 'replicas', 1);
  if (number(status, 'replicas') < wanted)
    return inProgress(`${number(status, 'replicas')} of ${wanted} replicas exist`);
  if (number(status, 'readyReplicas') < wanted)
    return inProgress(`${number(status, 'readyReplicas')} of ${wanted} replicas are ready`);
  if (number(status, 'replicas') > wanted)
    return inProgress(`${number(status, 'replicas') - wanted} replicas are still to go`);
  if (strategy['type'] === 'OnDelete') return ready;
  const partition = number(fieldsOf(strategy['rollingUpdate']), 'partition');
  const updated = number(status, 'updatedReplicas');
  if (updated < wanted - partition) return inProgress(`${updated} of ${wanted - partition} replicas are updated`);
  if (partition === 0 && status['currentRevision'] !== status['updateRevision'])
    return inProgress('the rollout is not finished');
  return ready;
}

function daemonSet(object: KubeObject): Health {
  const status = statusOf(object);
  if (status['observedGeneration'] === undefined) return inProgress('not seen by its controller yet');
  const wanted = number(status, 'desiredNumberScheduled');
  for (const [field, word] of [
    ['currentNumberScheduled', 'scheduled'],
    ['updatedNumberScheduled', 'updated'],
    ['numberAvailable', 'available'],
    ['numberReady', 'ready'],
  ] as const) {
    if (field === 'updatedNumberScheduled' && fieldsOf(specOf(object)['updateStrategy'])['type'] === 'OnDelete')
      continue;
    if (number(status, field) < wanted) return inProgress(`${number(status, field)} of ${wanted} pods are ${word}`);
  }
  return ready;
}

function replicaSet(object: KubeObject): Health {
  const status = statusOf(object);
  const wanted = number(specOf(object), 'replicas', 1);
  const failure = condition(object, 'ReplicaFailure');
  if (failure?.status === 'True') return inProgress(words(failure));
  for (const [field, word] of [
    ['replicas', 'there'],
    ['availableReplicas', 'available'],
    ['readyReplicas', 'ready'],
  ] as const) {
    if (number(status, field) < wanted) return inProgress(`${number(status, field)} of ${wanted} replicas are ${word}`);
  }
  return number(status, 'replicas') > wanted
    ? inProgress(`${number(status, 'replicas') - wanted} replicas are still to go`)
    : ready;
}

function pod(object: KubeObject): Health {
  const { phase, reason, message } = statusOf(object) as { phase?: string; reason?: string; message?: string };
  if (phase === 'Succeeded') return ready;
  if (phase === 'Failed') return failed(message ?? reason ?? 'the pod failed');
  const readiness = condition(object, 'Ready');
  if (readiness?.status === 'True') return ready;
  return inProgress(readiness === undefined ? `the pod is ${phase ?? 'not seen yet'}` : words(readiness));
}

function claim(object: KubeObject): Health {
  const { phase } = statusOf(object);
  if (phase === 'Bound') return ready;
  if (phase === 'Lost') return failed('the volume is lost');
  return inProgress(`the claim is ${typeof phase === 'string' ? phase : 'not seen yet'}`);
}

function service(object: KubeObject): Health {
  const spec = specOf(object);
  if (spec['type'] === 'LoadBalancer') {
    const ingress = fieldsOf(statusOf(object)['loadBalancer'])['ingress'];
    if (!Array.isArray(ingress) || ingress.length === 0) return inProgress('the load balancer has no address yet');
  }
  return ready;
}

function job(object: KubeObject): Health {
  const failure = condition(object, 'Failed');
  if (failure?.status === 'True') return failed(words(failure));
  if (condition(object, 'Complete')?.status === 'True') return ready;
  if (condition(object, 'Suspended')?.status === 'True') return ready;
  // As in kstatus: a job that runs is as wanted; `wait` is for rollouts, not for the end of a batch.
  return statusOf(object)['startTime'] === undefined
    ? inProgress('the job has not started')
    : inProgress(`${number(statusOf(object), 'active')} pods of the job run`);
}

function definition(object: KubeObject): Health {
  const names = condition(object, 'NamesAccepted');
  if (names?.status === 'False') return failed(words(names));
  const established = condition(object, 'Established');
  if (established?.status === 'True') return ready;
  return inProgress(established === undefined ? 'not established yet' : words(established));
}

function available(object: KubeObject): Health {
  const state = condition(object, 'Available');
  return state?.status === 'True' ? ready : inProgress(state === undefined ? 'not available yet' : words(state));
}

function budget(object: KubeObject): Health {
  return statusOf(object)['currentHealthy'] === undefined ? inProgress('not seen by its controller yet') : ready;
}

/** `Kind.group` -> rule. */
export const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['Deployment.apps', deployment],
  ['StatefulSet.apps', statefulSet],
  ['DaemonSet.apps', daemonSet],
  ['ReplicaSet.apps', replicaSet],
  ['Pod', pod],
  ['PersistentVolumeClaim', claim],
  ['Service', service],
  ['Job.batch', job],
  ['CronJob.batch', () => ready],
  ['PodDisruptionBudget.policy', budget],
  ['CustomResourceDefinition.apiextensions.k8s.io', definition],
  ['APIService.apiregistration.k8s.io', available],
  ['HorizontalPodAutoscaler.autoscaling', () => ready],
  ['Ingress.networking.k8s.io', () => ready],
  ['Namespace', () => ready],
]);

/** Kinds whose health never depends on more than metadata: they have no status, or none that tells health. */
export const metadataKinds: ReadonlySet<string> = new Set([
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'Namespace',
  'LimitRange',
  'ResourceQuota',
  'Endpoints',
  'EndpointSlice.discovery.k8s.io',
  'Role.rbac.authorization.k8s.io',
  'RoleBinding.rbac.authorization.k8s.io',
  'ClusterRole.rbac.authorization.k8s.io',
  'ClusterRoleBinding.rbac.authorization.k8s.io',
  'NetworkPolicy.networking.k8s.io',
  'IngressClass.networking.k8s.io',
  'Ingress.networking.k8s.io',
  'HorizontalPodAutoscaler.autoscaling',
  'CronJob.batch',
  'StorageClass.storage.k8s.io',
  'PriorityClass.scheduling.k8s.io',
  'RuntimeClass.node.k8s.io',
  'Lease.coordination.k8s.io',
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io',
  'MutatingWebhookConfiguration.admissionregistration.k8s.io',
  'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io',
]);
