/** Which changed fields ask for a new object: the table of the official provider (pulumi-kubernetes, provider/pkg/provider/diff.go). */
import { isList, isMap, type Value, type ValueMap } from './property.ts';
import { contains, isSame, parsePath, type PropertyPath } from './property-path.ts';

export interface MutableKinds {
  readonly configMapMutable: boolean;
  readonly secretMutable: boolean;
}

/** A field that came, went or changed. */
export interface ChangedField {
  readonly path: PropertyPath;
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

const identity = paths('metadata.name', 'metadata.namespace');

const selector = ['spec.selector'];
const statefulSet = [
  ...selector,
  'spec.podManagementPolicy',
  'spec.revisionHistoryLimit',
  'spec.serviceName',
  'spec.volumeClaimTemplates',
];
const job = [...selector, 'spec.completions', 'spec.parallelism', 'spec.template'];
const roleBinding = ['roleRef'];
const volumeSources = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'glusterfs',
  'hostPath',
  'iscsi',
  'local',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
];
const podFields = [
  'affinity',
  'automountServiceAccountToken',
  'dnsConfig',
  'dnsPolicy',
  'enableServiceLinks',
  'hostAliases',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'hostname',
  'imagePullSecrets',
  'nodeName',
  'nodeSelector',
  'overhead',
  'preemptionPolicy',
  'priority',
  'priorityClassName',
  'readinessGates',
  'restartPolicy',
  'runtimeClassName',
  'schedulerName',
  'securityContext',
  'serviceAccount',
  'serviceAccountName',
  'shareProcessNamespace',
  'subdomain',
  'terminationGracePeriodSeconds',
  'volumes',
];
const containerFields = [
  'args',
  'command',
  'env',
  'image',
  'imagePullPolicy',
  'lifecycle',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'resources',
  'securityContext',
  'stdin',
  'stdinOnce',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'tty',
  'volumeDevices',
  'volumeMounts',
  'workingDir',
];
const pod = [
  ...podFields.map((field) => `spec.${field}`),
  ...['containers', 'initContainers'].flatMap((list) => containerFields.map((field) => `spec.${list}[*].${field}`)),
];

/** `apiVersion/kind` -> fields, beside those of every object. */
const table: Readonly<Record<string, readonly PropertyPath[]>> = {
  // Before v1beta2 a Deployment or DaemonSet could change its selector.
  'apps/v1beta1/StatefulSet': paths(...statefulSet),
  ...of(['apps/v1beta2', 'apps/v1'], { StatefulSet: statefulSet, Deployment: selector, DaemonSet: selector }),
  ...of(['batch/v1beta1', 'batch/v1', 'batch/v2alpha1'], { Job: job }),
  ...of(
    ['v1alpha1', 'v1beta1', 'v1'].map((version) => `rbac.authorization.k8s.io/${version}`),
    { RoleBinding: roleBinding, ClusterRoleBinding: roleBinding },
  ),
  'policy/v1beta1/PodDisruptionBudget': paths('spec'),
  'storage.k8s.io/v1/StorageClass': paths('parameters', 'provisioner'),
  ...of(['v1'], {
    PersistentVolume: volumeSources.map((source) => `spec.${source}`),
    PersistentVolumeClaim: [...selector, 'spec.accessModes', 'spec.storageClassName', 'spec.volumeName'],
    Pod: pod,
    ResourceQuota: ['spec.scopes'],
    Service: ['spec.clusterIP'],
  }),
};

function of(versions: readonly string[], kinds: Readonly<Record<string, readonly string[]>>): typeof table {
  return Object.fromEntries(
    versions.flatMap((version) =>
      Object.entries(kinds).map(([kind, fields]) => [`${version}/${kind}`, paths(...fields)]),
    ),
  );
}

function paths(...texts: string[]): PropertyPath[] {
  return texts.map(parsePath);
}

/** The fields of which a change makes a new object. A Patch can change all but what it is a patch of. */
export function replacingFields(wanted: ValueMap, mutable: MutableKinds, isPatch: boolean): readonly PropertyPath[] {
  if (isPatch) return identity;
  const { apiVersion, kind } = wanted;
  const type = typeof apiVersion === 'string' && typeof kind === 'string' ? `${apiVersion}/${kind}` : '';
  return [...identity, ...(table[type] ?? []), ...(contentOf(type, wanted['immutable'] === true, mutable) ?? [])];
}

/** Nothing tells a program that its ConfigMap has changed; that it got another one does. */
function contentOf(type: string, immutable: boolean, mutable: MutableKinds): readonly PropertyPath[] | undefined {
  if (type === 'v1/Secret') return !mutable.secretMutable || immutable ? secretContent : secretType;
  if (type === 'v1/ConfigMap') return !mutable.configMapMutable || immutable ? configContent : undefined;
  return undefined;
}

const secretType = paths('type');
const secretContent = paths('type', 'stringData', 'data');
const configContent = paths('binaryData', 'data');

/** Whether the change is at, below, or (coming or going as a whole) around one of the fields. */
export const asksForReplacement = ({ path, before, after }: ChangedField, fields: readonly PropertyPath[]): boolean =>
  fields.some(
    (field) =>
      contains(field, path) ||
      (path.length < field.length &&
        path.every((part, index) => isSame(field[index] ?? '', part)) &&
        [before, after].some((value) => holds(value, field.slice(path.length)))),
  );

function holds(value: Value | undefined, [next, ...rest]: PropertyPath): boolean {
  if (value === undefined || value === null) return false;
  if (next === undefined) return true;
  if (isList(value)) return value.some((each) => holds(each, rest));
  return isMap(value) && holds(value[next], rest);
}
