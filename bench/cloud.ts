/** What a cloud gives a cluster and a control plane on loopback lacks: addresses of load balancers, volumes for claims. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject, Transport } from '#kube';

interface Service extends KubeObject {
  readonly spec?: { readonly type?: string };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly unknown[] } };
}

interface Claim extends KubeObject {
  readonly spec?: {
    readonly accessModes?: readonly string[];
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
  readonly status?: { readonly phase?: string };
}

/** Serves the cluster until the signal is aborted. */
export async function playCloud(transport: Transport, signal: AbortSignal): Promise<void> {
  const items = async <T>(path: string): Promise<readonly T[]> =>
    (await transport.request<{ items: T[] }>({ method: 'GET', path })).body.items;
  for (let next = 1; !signal.aborted; await sleep(250)) {
    for (const service of await items<Service>('/api/v1/services')) {
      if (service.spec?.type !== 'LoadBalancer' || service.status?.loadBalancer?.ingress !== undefined) continue;
      await giveAddress(transport, service, `203.0.113.${next++ % 250}`);
    }
    for (const claim of await items<Claim>('/api/v1/persistentvolumeclaims')) {
      if (claim.status?.phase === 'Pending') await giveVolume(transport, claim);
    }
  }
}

async function giveAddress(transport: Transport, { metadata }: Service, ip: string): Promise<void> {
  await transport.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${metadata.namespace}/services/${metadata.name}/status`,
    contentType: 'application/merge-patch+json',
    body: { status: { loadBalancer: { ingress: [{ ip }] } } },
  });
}

async function giveVolume(transport: Transport, { metadata, spec = {} }: Claim): Promise<void> {
  const { accessModes = ['ReadWriteOnce'], storageClassName, resources } = spec;
  const name = `pv-${metadata.uid}`;
  const body = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      accessModes,
      capacity: { storage: resources?.requests?.storage ?? '1Gi' },
      claimRef: { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
      hostPath: { path: `/tmp/${name}` },
      persistentVolumeReclaimPolicy: 'Delete',
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
  await transport.request({
    method: 'PATCH',
    path: `/api/v1/persistentvolumes/${name}`,
    query: { fieldManager: 'cloud', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body,
  });
}
