/** Kinds of Kubernetes that stand in no namespace: known without asking, so that a cluster out of reach does not matter. */

const byGroup: Readonly<Record<string, readonly string[]>> = {
  v1: ['Namespace', 'Node', 'PersistentVolume'],
  'admissionregistration.k8s.io/v1': [
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
  ],
  'apiextensions.k8s.io/v1': ['CustomResourceDefinition'],
  'apiregistration.k8s.io/v1': ['APIService'],
  'certificates.k8s.io/v1': ['CertificateSigningRequest'],
  'flowcontrol.apiserver.k8s.io/v1': ['FlowSchema', 'PriorityLevelConfiguration'],
  'networking.k8s.io/v1': ['IngressClass', 'IPAddress', 'ServiceCIDR'],
  'node.k8s.io/v1': ['RuntimeClass'],
  'rbac.authorization.k8s.io/v1': ['ClusterRole', 'ClusterRoleBinding'],
  'resource.k8s.io/v1': ['DeviceClass', 'ResourceSlice'],
  'scheduling.k8s.io/v1': ['PriorityClass'],
  'storage.k8s.io/v1': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
};

/** `apiVersion/kind` */
export const clusterScoped: ReadonlySet<string> = new Set(
  Object.entries(byGroup).flatMap(([apiVersion, kinds]) => kinds.map((kind) => `${apiVersion}/${kind}`)),
);

/** Groups of Kubernetes itself, whose kinds stand in namespaces but for those of {@link clusterScoped}. */
const ownGroup = /^([a-z]*(\.k8s\.io)?\/)?v[^/]*$/;

/** Whether a kind of Kubernetes stands in a namespace; undefined of the kinds of others. */
export function isNamespacedByItself({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean | undefined {
  if (clusterScoped.has(`${apiVersion}/${kind}`)) return false;
  return ownGroup.test(apiVersion) ? true : undefined;
}
