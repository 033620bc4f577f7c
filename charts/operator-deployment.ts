/** The operator's Deployment: one replica under restricted pod security, its Git mirrors on a scratch volume. */
import { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';
import { operatorAccount, systemNamespace } from '#constructs';

export interface OperatorDeploymentProps {
  readonly image: string;
  readonly version: string;
}

const labels = { 'app.kubernetes.io/name': 'plumbline' };
const scratch = 'scratch';
const user = 65532;

/** Git mirrors, up to 2 GiB of npm packages, and for each run a copy of its commit. */
const scratchSize = '6Gi';
const asked = { cpu: '50m', memory: '256Mi', 'ephemeral-storage': '1Gi' };
// 512 MiB for the operator, and room for two runs of Pulumi programs that do not say what they take (762 MiB each).
const most = { cpu: '2', memory: '2Gi', 'ephemeral-storage': '7Gi' };

const quantity = (text: string): k8s.Quantity => k8s.Quantity.fromString(text);
const quantities = (texts: Readonly<Record<string, string>>): Record<string, k8s.Quantity> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, quantity(text)]));

export class OperatorDeployment extends Construct {
  constructor(scope: Construct, id: string, { image, version }: OperatorDeploymentProps) {
    super(scope, id);
    new k8s.KubeDeployment(this, 'deployment', {
      metadata: {
        name: 'plumbline',
        namespace: systemNamespace,
        labels: { ...labels, 'app.kubernetes.io/version': version },
      },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: operatorAccount,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: user,
              runAsGroup: user,
              fsGroup: user,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            // A run in hand is finished or abandoned cleanly, and the lease given back, before the kill.
            terminationGracePeriodSeconds: 30,
            containers: [container(image)],
            volumes: [{ name: scratch, emptyDir: { sizeLimit: quantity(scratchSize) } }],
          },
        },
      },
    });
  }
}

function container(image: string): k8s.Container {
  const probe = (path: string): k8s.Probe => ({
    httpGet: { path, port: k8s.IntOrString.fromString('http') },
    periodSeconds: 10,
  });
  return {
    name: 'plumbline',
    image,
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    // A name of its own in the Lease: two pods of one name would both take it for theirs.
    env: [fieldEnv('POD_NAME', 'metadata.name'), fieldEnv('POD_NAMESPACE', 'metadata.namespace')],
    livenessProbe: probe('/healthz'),
    readinessProbe: probe('/readyz'),
    resources: { requests: quantities(asked), limits: quantities(most) },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: scratch, mountPath: '/tmp' }],
  };
}

const fieldEnv = (name: string, fieldPath: string): k8s.EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });
