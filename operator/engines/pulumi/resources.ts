/** What the state of a stack says of Kubernetes objects: which of them the stack owns, and as it left them. */
import { groupKindOf, keyOf, type ObjectKey } from '#kube';
import type { StateResource } from './values.ts';

/** An object that our provider made, labelled for the watches. */
export interface OwnedResource {
  readonly key: ObjectKey;
  readonly urn: string;
  /** Digest of our managed fields after the last write. */
  readonly seen: string;
  /** The same digest as a run found it that was to put back what others changed, and has not written it. */
  readonly found: string | undefined;
  /** What the state holds of the live object; secrets are encrypted. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Nothing that the official provider made, whose objects bear no label: of those only a refresh tells. */
export function ownedIn(resources: readonly StateResource[]): OwnedResource[] {
  return resources.flatMap((resource) => {
    const { urn, type, outputs, replaced } = resource;
    const { __managed: seen, __found: found } = outputs;
    const key = objectOf(resource);
    if (replaced || !type.startsWith('kubernetes:') || typeof seen !== 'string' || key === undefined) return [];
    return [{ key, urn, seen, found: typeof found === 'string' ? found : undefined, outputs }];
  });
}

/** Key of the Kubernetes object that a resource is, if it is one. */
function objectOf({ id, outputs: { apiVersion, kind } }: StateResource): ObjectKey | undefined {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || id === '') return undefined;
  const slash = id.indexOf('/');
  return keyOf(groupKindOf({ apiVersion, kind }), slash < 0 ? undefined : id.slice(0, slash), id.slice(slash + 1));
}

/** Neither in the cluster nor anywhere else. */
export const isOnlyPulumi = (type: string): boolean =>
  type === 'pulumi:pulumi:Stack' || type.startsWith('pulumi:providers:');

/** Resources that somebody would miss: no stack, no provider, no component. */
export const realResources = (resources: readonly StateResource[]): StateResource[] =>
  resources.filter(({ type, id }) => id !== '' && !isOnlyPulumi(type));

/**
 * Names the objects of steps: by the state before and after, since a deleted one is in neither the program nor the
 * state any more. What is no Kubernetes object keeps its URN.
 */
export function namesOf(...states: readonly (readonly StateResource[])[]): (urn: string) => string {
  const keys = new Map<string, string>();
  for (const resource of states.flat()) {
    const key = resource.type.startsWith('kubernetes:') ? objectOf(resource) : undefined;
    if (key !== undefined) keys.set(resource.urn, key);
  }
  return (urn) => keys.get(urn) ?? urn;
}
