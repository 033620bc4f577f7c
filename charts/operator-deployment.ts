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
            volumes: [{ name: scratch, emptyDir: { sizeLimit: k8s.Quantity.fromString('4Gi') } }],
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
  const quantities = (cpu: string, memory: string): Record<string, k8s.Quantity> => ({
    cpu: k8s.Quantity.fromString(cpu),
    memory: k8s.Quantity.fromString(memory),
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
    resources: { requests: quantities('50m', '128Mi'), limits: quantities('2', '512Mi') },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: scratch, mountPath: '/tmp' }],
  };
}

const fieldEnv = (name: string, fieldPath: string): k8s.EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });
