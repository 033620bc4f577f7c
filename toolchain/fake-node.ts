/** The one node of the control plane: kwok plays its kubelet, so that pods become Ready. */
import type { Transport } from '#kube';

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'plumb',
    annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
    labels: {
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'plumb',
      'kubernetes.io/os': 'linux',
      'node-role.kubernetes.io/agent': '',
    },
  },
  status: {
    allocatable: { cpu: '256', memory: '1Ti', pods: '5000' },
    capacity: { cpu: '256', memory: '1Ti', pods: '5000' },
    nodeInfo: { architecture: 'amd64', operatingSystem: 'linux', kubeletVersion: 'fake' },
  },
};

/** Creates the node; one that is there already is left as it is. */
export async function createNode(transport: Transport): Promise<void> {
  const path = `/api/v1/nodes/${node.metadata.name}`;
  const query = { fieldManager: 'plumbline-toolchain', force: 'true' };
  await transport.request({ method: 'PATCH', path, query, body: node, contentType: 'application/apply-patch+yaml' });
}
