/** What the two halves of the sample have in common: the podinfo image, its ports, probes and appetite. */
import type { WebServiceProps } from '#constructs';

export const image = 'ghcr.io/stefanprodan/podinfo:6.7.1';

export interface PodinfoOptions {
  readonly ui: boolean;
  readonly backendUrl?: string;
}

export function podinfo({ ui, backendUrl }: PodinfoOptions): Omit<WebServiceProps, 'namespace' | 'replicas'> {
  const call = backendUrl === undefined ? [] : [`--backend-url=${backendUrl}`];
  return {
    image,
    command: ['./podinfo', '--port=9898', '--grpc-port=9999', '--level=info', ...call],
    env: { PODINFO_UI_COLOR: ui ? '#34577c' : '#577c34' },
    ports: [
      { name: 'http', port: 9898 },
      { name: 'grpc', port: 9999 },
    ],
    probes: { live: '/healthz', ready: '/readyz' },
    resources: { requests: { cpu: '50m', memory: '32Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
  };
}
