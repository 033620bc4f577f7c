/** What a namespace holds that neither the operator nor Kubernetes itself has put there. */
import { ApiError, list, metadataListAccept, resourcePath, type KubeObject, type Resource } from '#kube';
import { mapBounded } from '#runtime';
import type { Cluster } from './cluster.ts';

const atOnce = 8;
/** What every namespace has, and what the operator leaves behind. */
const expected = new Set(['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default', 'Lease/plumbline']);
/** Told of other objects; never a reason to keep anything. */
const passing = new Set(['Event', 'PodMetrics', 'Endpoints', 'EndpointSlice']);

/** `Kind/name` of each, sorted. Objects of a controller do not count: they go with their owner. */
export async function strangersIn({ discovery, transport }: Cluster, namespace: string): Promise<string[]> {
  discovery.invalidate();
  const kinds = (await discovery.all()).filter(
    ({ namespaced, verbs, kind }) => namespaced && verbs.includes('list') && !passing.has(kind),
  );
  const found = new Set<string>();
  const look = async (resource: Resource): Promise<void> => {
    const path = resourcePath(resource, { namespace });
    for await (const object of list(transport, { path, query: {}, accept: metadataListAccept })) {
      const name = `${resource.kind}/${object.metadata.name}`;
      if (!expected.has(name) && !isOwned(object)) found.add(name);
    }
  };
  await mapBounded(kinds, atOnce, (resource) =>
    look(resource).catch((error: unknown) => {
      // The kind went between the question and the answer, and its objects with it.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }),
  );
  return [...found].sort();
}

const isOwned = ({ metadata }: KubeObject): boolean =>
  (metadata.ownerReferences ?? []).some(({ controller }) => controller === true);
