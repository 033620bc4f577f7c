/** An object has one owning stack, whose labels it bears: what another stack owns is neither imported nor changed nor deleted. */
import { labels } from '#api';
import { getObject, objectKey, type KubeObject } from '#kube';
import { failure, type Failure } from '#runtime';
import type { SendRequest } from './send.ts';
import type { Session } from './session.ts';
import type { Owner, Settings } from './settings.ts';
import { typeParts } from './urn.ts';

/** `namespace/name` of the stack whose object it is, when that is not ours. */
export function otherOwner({ metadata }: KubeObject, owner: Owner | undefined): string | undefined {
  const { [labels.stack]: name, [labels.stackNamespace]: namespace } = metadata.labels ?? {};
  const isOurs = name === owner?.name && namespace === owner?.namespace;
  return name === undefined || isOurs ? undefined : `${namespace}/${name}`;
}

export const ownedBy = (stack: string, live: KubeObject): Failure =>
  failure('OwnedByOtherStack', {
    where: objectKey(live),
    what: `the object belongs to stack ${stack}`,
    remedy: 'keep it in one of the two stacks',
  });

/**
 * The stack that the live object belongs to, when that is another one; undefined too at a desk, where nobody owns, and
 * for a Patch, which is of fields.
 */
export function foreignOwner({ settings }: Session, type: string, live: KubeObject | undefined): string | undefined {
  return live !== undefined && mayBeForeign(settings, type) ? otherOwner(live, settings.owner) : undefined;
}

/** The live object, when {@link foreignOwner} says that it is another stack's. @throws ApiError */
export async function foreignObject(
  session: Session,
  { type, object, resource }: Pick<SendRequest, 'type' | 'object' | 'resource'>,
): Promise<{ readonly live: KubeObject; readonly stack: string } | undefined> {
  const { settings, cluster, signal } = session;
  if (!mayBeForeign(settings, type)) return undefined;
  const { name, namespace } = object.metadata;
  const live = await getObject({ transport: await cluster.transport(), resource, name, namespace, signal });
  const stack = foreignOwner(session, type, live);
  return live === undefined || stack === undefined ? undefined : { live, stack };
}

/** @throws Failure OwnedByOtherStack; ApiError */
export async function assertFree(session: Session, sending: Parameters<typeof foreignObject>[1]): Promise<void> {
  const foreign = await foreignObject(session, sending);
  if (foreign !== undefined) throw ownedBy(foreign.stack, foreign.live);
}

const mayBeForeign = ({ owner }: Settings, type: string): boolean =>
  owner !== undefined && typeParts(type)?.patch !== true;
