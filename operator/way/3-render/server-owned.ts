/** What a file may carry that is not Git's to say, exports above all: taken out. */
import { groupKindOf, kindName, type KubeObject } from '#kube';

type Fields = Readonly<Record<string, unknown>>;

const serverSet: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'managedFields',
  'creationTimestamp',
  'generation',
  'selfLink',
  'deletionTimestamp',
  'generateName',
]);

/** Notes that kubectl and the Deployment controller write on an object; whoever else sets them fights with those two. */
const notes: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
]);

/** The document without `status`, server-set metadata and the fields that a controller writes. */
export function withoutServerOwned(document: KubeObject): KubeObject {
  const { status: _status, ...rest } = document;
  const metadata = without(document.metadata as unknown as Fields, serverSet);
  const annotations = metadata['annotations'];
  if (isMap(annotations)) metadata['annotations'] = without(annotations, notes);
  const object = { ...rest, metadata: withoutEmpty(metadata) } as unknown as KubeObject;
  const aggregated = kindName(groupKindOf(document)) === 'ClusterRole.rbac.authorization.k8s.io';
  return aggregated && isMap(object['aggregationRule']) ? withoutRules(object) : object;
}

/**
 * Generators write `annotations: null`, `labels: {}`. Sent, such a field would be ours, and the first annotation that
 * a controller sets would look as if it had taken it from us.
 */
const withoutEmpty = (metadata: Fields): Fields =>
  Object.fromEntries(
    Object.entries(metadata).filter(
      ([, value]) => value !== null && !(isMap(value) && Object.keys(value).length === 0),
    ),
  );

/** The rules of an aggregated role are its controller's (kubernetes.io/docs, "Aggregated ClusterRoles"). */
function withoutRules({ rules: _rules, ...rest }: KubeObject): KubeObject {
  return rest;
}

const without = (fields: Fields, names: ReadonlySet<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name)));

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
