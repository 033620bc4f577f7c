/** The infrastructure program: a namespace, and the settings that the platform's charts read there. */
import { core } from '@pulumi/kubernetes';
import { Config, getStack, type Output } from '@pulumi/pulumi';

const config = new Config();

const namespace = new core.v1.Namespace('infra', {
  metadata: { name: config.get('namespace') ?? 'infra', labels: { 'app.kubernetes.io/part-of': 'infra' } },
});

const settings = new core.v1.ConfigMap('settings', {
  metadata: { name: 'settings', namespace: namespace.metadata.name },
  data: { stack: getStack(), region: config.get('region') ?? 'local' },
});

export const namespaceName: Output<string> = namespace.metadata.name;
export const settingsName: Output<string> = settings.metadata.name;
