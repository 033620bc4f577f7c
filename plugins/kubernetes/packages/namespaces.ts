/** Objects that name no namespace get one, where their kind stands in one. */
import { isUnreachable, type Cluster } from '../cluster.ts';
import { isNamespacedByItself } from '../scopes.ts';
import { definedBy, groupOf, namespaceOf, withMetadata, type Manifest } from './manifests.ts';

export interface Placed {
  readonly manifests: readonly Manifest[];
  /** Kinds of which nobody knows whether they stand in a namespace; their objects are left as they are. */
  readonly unknown: readonly string[];
}

export interface Place {
  readonly namespace: string;
  /** Undefined when no cluster may be asked. */
  readonly cluster: Cluster | undefined;
}

/** @throws Failure, ApiError when the cluster answers, but not with what it serves */
export async function place(manifests: readonly Manifest[], { namespace, cluster }: Place): Promise<Placed> {
  const defined = new Map(
    manifests.map(definedBy).flatMap((found) => (found === undefined ? [] : [[found.kind, found.namespaced] as const])),
  );
  const unknown = new Set<string>();
  const placed: Manifest[] = [];
  for (const manifest of manifests) {
    const { apiVersion, kind } = manifest;
    const namespaced =
      namespaceOf(manifest) === undefined
        ? (defined.get(`${kind}.${groupOf(manifest)}`) ?? (await isNamespaced(manifest, cluster)))
        : false;
    if (namespaced === undefined) unknown.add(`${kind} of ${apiVersion}`);
    placed.push(namespaced === true ? withMetadata(manifest, { namespace }) : manifest);
  }
  return { manifests: placed, unknown: [...unknown] };
}

/** Undefined when it cannot be told. */
async function isNamespaced(manifest: Manifest, cluster: Cluster | undefined): Promise<boolean | undefined> {
  const known = isNamespacedByItself(manifest);
  if (known !== undefined) return known;
  try {
    return (await cluster?.find(manifest))?.namespaced;
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    return undefined;
  }
}
