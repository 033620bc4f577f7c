/** Whether a namespace is being deleted: then nothing new can be made in it, and what is gone from it stays gone. */
import { ApiError, list, metadataListAccept, type KubeObject, type Transport } from '#kube';

/** Undefined when it stays, or when the operator may not look (its right to list every kind may have been narrowed). */
export async function endingNamespace(
  transport: Transport,
  name: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  // By list, which the operator may do anywhere; it may `get` no namespace.
  const query = { fieldSelector: `metadata.name=${name}` };
  try {
    for await (const { metadata } of list(transport, {
      path: '/api/v1/namespaces',
      query,
      accept: metadataListAccept,
      signal,
    }))
      if (metadata.deletionTimestamp !== undefined) return { apiVersion: 'v1', kind: 'Namespace', metadata };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 403)) throw error;
  }
  return undefined;
}
