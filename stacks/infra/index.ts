/** The infrastructure: a namespace with bounds, storage, and the settings that the layers above read there. */
import { core, storage } from '@pulumi/kubernetes';
import { Config, getStack, type Output } from '@pulumi/pulumi';

const config = new Config();
const region = config.get('region') ?? 'local';
const labels = { 'app.kubernetes.io/part-of': 'infra' };

const namespace = new core.v1.Namespace('infra', { metadata: { name: config.get('namespace') ?? 'infra', labels } });
const within = { namespace: namespace.metadata.name, labels };

// What a class does with volumes can not be changed: another reclaimPolicy is another class, which somebody may have to agree to.
const storageClass = new storage.v1.StorageClass(
  'standard',
  {
    metadata: { labels },
    provisioner: config.get('provisioner') ?? 'kubernetes.io/no-provisioner',
    reclaimPolicy: config.get('reclaimPolicy') ?? 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  },
  { replaceOnChanges: ['reclaimPolicy', 'volumeBindingMode'] },
);

new core.v1.ResourceQuota('bounds', {
  metadata: { name: 'bounds', ...within },
  spec: { hard: { pods: config.get('pods') ?? '10', 'requests.storage': '100Gi' } },
});

const settings = new core.v1.ConfigMap('settings', {
  metadata: { name: 'settings', ...within },
  data: { stack: getStack(), region, storageClass: storageClass.metadata.name },
});

const token = config.getSecret('registryToken');
if (token !== undefined) {
  new core.v1.Secret('registry', { metadata: { name: 'registry', ...within }, stringData: { token } });
}

export const namespaceName: Output<string> = namespace.metadata.name;
export const settingsName: Output<string> = settings.metadata.name;
export const storageClassName: Output<string> = storageClass.metadata.name;
export const regionName: string = region;
