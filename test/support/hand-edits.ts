/** Hand edits for every kind: a field that Git sets, changed as somebody with kubectl would change it. */
import { isDeepStrictEqual } from 'node:util';
import { groupKindOf, kindName, resourcePath, type KubeObject, type Resource, type Transport } from '#kube';

/** Pointers into fields that a manifest of the kind sets; the first one that is there is edited. */
const places: Readonly<Record<string, readonly string[]>> = {
  'Deployment.apps': ['/spec/template/spec/containers/0/image'],
  'StatefulSet.apps': ['/spec/template/spec/containers/0/image'],
  'DaemonSet.apps': ['/spec/template/spec/containers/0/image'],
  Service: ['/spec/selector/*', '/spec/ports/0/name'],
  ConfigMap: ['/data/*'],
  Secret: ['/data/*'],
  'Role.rbac.authorization.k8s.io': ['/rules/0/verbs'],
  'ClusterRole.rbac.authorization.k8s.io': ['/rules/0/verbs'],
  'RoleBinding.rbac.authorization.k8s.io': ['/subjects/0/name'],
  'ClusterRoleBinding.rbac.authorization.k8s.io': ['/subjects/0/name'],
  'NetworkPolicy.networking.k8s.io': ['/spec/podSelector/matchLabels/*'],
  'PodDisruptionBudget.policy': ['/spec/maxUnavailable', '/spec/minAvailable'],
  'HorizontalPodAutoscaler.autoscaling': ['/spec/maxReplicas'],
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': ['/webhooks/0/clientConfig/service/path'],
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': ['/webhooks/0/clientConfig/service/path'],
  'CustomResourceDefinition.apiextensions.k8s.io': ['/spec/versions/0/schema/openAPIV3Schema/description'],
};
/** Our own mark on every object: whoever takes it off hides the object from the watch. */
const everywhere = ['/metadata/labels/plumbline.dev~1stack-namespace'];

export interface Edit {
  readonly pointer: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The edit for a live object: of its kind's place, or of a label. */
export function editOf(live: KubeObject): Edit {
  const pointers = [...(ruledByController(live) ? [] : (places[kindName(groupKindOf(live))] ?? [])), ...everywhere];
  for (const pattern of pointers) {
    const pointer = pattern.endsWith('/*') ? firstBelow(live, pattern.slice(0, -2)) : pattern;
    const before = pointer === undefined ? undefined : valueAt(live, pointer);
    const after = pointer?.startsWith('/data/') && live.kind === 'Secret' ? 'ZWRpdGVk' : otherThan(before);
    if (pointer !== undefined && after !== undefined) return { pointer, before, after };
  }
  throw new Error(`${live.kind} ${live.metadata.name} has no field to edit`);
}

/** The rules of an aggregated role are not Git's. */
const ruledByController = (live: KubeObject): boolean => live['aggregationRule'] !== undefined;

/** The edit is undone. */
export const isBack = (live: KubeObject | undefined, { pointer, before }: Edit): boolean =>
  live !== undefined && isDeepStrictEqual(valueAt(live, pointer), before);

/** Sends the edit as a JSON patch of manager `kubectl-edit`. */
export async function sendEdit(transport: Transport, resource: Resource, live: KubeObject, edit: Edit): Promise<void> {
  const { name, namespace } = live.metadata;
  await transport.request({
    method: 'PATCH',
    path: resourcePath(resource, { name, namespace }),
    query: { fieldManager: 'kubectl-edit' },
    body: [{ op: 'replace', path: edit.pointer, value: edit.after }],
    contentType: 'application/json-patch+json',
  });
}

function firstBelow(live: KubeObject, parent: string): string | undefined {
  const map = valueAt(live, parent);
  const [key] = typeof map === 'object' && map !== null ? Object.keys(map) : [];
  return key === undefined ? undefined : `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function valueAt(root: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], root);
}

function otherThan(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return value.endsWith('%') ? '1%' : `${value}edit`;
  return Array.isArray(value) && value.length > 0 ? [...(value as unknown[]), 'edited'] : undefined;
}
