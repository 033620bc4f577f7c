/** What a stack owns whose inventory somebody deleted: found by its labels, before the stack goes and it with nobody. */
import { labels, type Stack } from '#api';
import {
  apiFailure,
  ApiError,
  keyOf,
  list,
  managedDigest,
  metadataListAccept,
  resourcePath,
  type ObjectKey,
  type Resource,
} from '#kube';
import { mapBounded } from '#runtime';
import type { House, Walk } from './house.ts';
import { stackKeyOf } from './stack-ref.ts';

/** While the operator runs, its memory is the inventory; this is for what it did not find when it started. */
export async function recallInventory(stack: Stack, house: House, { context }: Walk): Promise<void> {
  const of = stackKeyOf(stack);
  const { applied, failureCount = 0 } = stack.status ?? {};
  if (house.inventory.isWhole(of) || (applied === undefined && failureCount === 0)) return;
  const labelled = await findLabelled(stack, house, context);
  // The label of an object that was being handed over may not be the new one yet.
  const found = labelled.filter((key) => house.inventory.ownerOf(key) === undefined);
  if (found.length === 0) return;
  for (const key of found) house.inventory.put(of, { key, desired: '', seen: '', commit: '' });
  const some = `${found.slice(0, mostNamed).join(', ')}${found.length > mostNamed ? ` and ${found.length - mostNamed} more` : ''}`;
  const message = `the inventory of the stack was deleted; what bears its labels is taken for its own: ${some}`;
  context.log.warn(message, { found });
  context.event({ type: 'Warning', reason: 'Deleting', message });
}

const mostNamed = 10;
/** Kinds listed at once. */
const atOnce = 8;

/** Objects of any kind that bear the labels of the stack and were applied by us: a label alone may have been copied. */
async function findLabelled(stack: Stack, house: House, context: Walk['context']): Promise<ObjectKey[]> {
  const { name, namespace } = stack.metadata;
  const labelSelector = `${labels.stack}=${name},${labels.stackNamespace}=${namespace}`;
  const found: ObjectKey[] = [];
  const look = async (resource: Resource): Promise<void> => {
    const path = resourcePath(resource, {});
    const { signal } = context;
    try {
      for await (const object of list(house.transport, {
        ...{ path, query: { labelSelector }, accept: metadataListAccept, signal },
      }))
        if (managedDigest(object) !== '') found.push(keyOf(resource, object.metadata.namespace, object.metadata.name));
    } catch (error) {
      if (!(error instanceof ApiError && notForUs.has(error.status))) throw apiFailure(error, { verb: 'list' });
      context.log.warn('a kind could not be searched for objects of the stack', { path, error });
    }
  };
  house.discovery.invalidate();
  const kinds = (await house.discovery.all()).filter(({ verbs }) => verbs.includes('list') && verbs.includes('delete'));
  await mapBounded(kinds, atOnce, look, { signal: context.signal });
  return found;
}

/** The operator may not list the kind, or it is not served any more. */
const notForUs: ReadonlySet<number> = new Set([403, 404, 405]);
