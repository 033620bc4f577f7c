/** In which wave an object is applied: what others need first, what intercepts others last. */
import { annotations } from '#api';
import { groupKindOf, kindName, type GroupKind, type KubeObject } from '#kube';

/** The phases of every stack. An explicit wave number orders objects inside `rest`. */
export const phases = ['definitions', 'classes', 'rest', 'webhooks'] as const;
export type Phase = (typeof phases)[number];

const definitions = new Set(['CustomResourceDefinition.apiextensions.k8s.io', 'Namespace']);
const classes = new Set(['ClusterRole.rbac.authorization.k8s.io', 'PriorityClass.scheduling.k8s.io']);
const webhooks = new Set([
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io',
  'MutatingWebhookConfiguration.admissionregistration.k8s.io',
  'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io',
  'MutatingAdmissionPolicyBinding.admissionregistration.k8s.io',
  'APIService.apiregistration.k8s.io',
]);

/** Inside one wave the configuration goes before what reads it; kinds that are not named go in between. */
const early = [
  'ServiceAccount',
  'ResourceQuota',
  'LimitRange',
  'NetworkPolicy',
  'Secret',
  'ConfigMap',
  'PersistentVolume',
];

export function phaseOf(kind: GroupKind): Phase {
  const name = kindName(kind);
  if (definitions.has(name)) return 'definitions';
  if (classes.has(name) || (kind.kind.endsWith('Class') && kind.kind !== 'Class')) return 'classes';
  return webhooks.has(name) ? 'webhooks' : 'rest';
}

/** The number of `plumbline.dev/wave`, a whole one as rendering has seen; 0 when absent. */
export const waveNumberOf = (object: KubeObject): number =>
  Number(object.metadata.annotations?.[annotations.wave] ?? 0);

/** Sorts by phase, then wave number; `rank` breaks ties inside a wave. */
export function orderOf(object: KubeObject): { readonly phase: number; readonly wave: number; readonly rank: number } {
  const kind = groupKindOf(object);
  const rank = early.indexOf(kind.kind);
  return { phase: phases.indexOf(phaseOf(kind)), wave: waveNumberOf(object), rank: rank < 0 ? early.length : rank };
}
