/** The sample front end: podinfo, scaled by load, calling the back end. */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';
import { WebService } from '#constructs';
import { podinfo } from './podinfo.ts';

export class Frontend extends Chart {
  constructor(scope: Construct, { namespace, backend }: { namespace: string; backend: string }) {
    super(scope, 'frontend', { namespace });
    new WebService(this, 'frontend', {
      ...podinfo({ ui: true, backendUrl: `http://backend.${backend}:9898/echo` }),
      namespace,
      replicas: 2,
      scale: { max: 4, cpuPercent: 80 },
    });
    new k8s.KubeNetworkPolicy(this, 'network', {
      metadata: { name: 'frontend-calls', namespace },
      spec: {
        podSelector: { matchLabels: { 'app.kubernetes.io/name': 'frontend' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [{ protocol: 'TCP', port: k8s.IntOrString.fromString('http') }] }],
        egress: [
          {
            to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': backend } } }],
            ports: [{ protocol: 'TCP', port: k8s.IntOrString.fromNumber(9898) }],
          },
        ],
      },
    });
  }
}
