/** A list of a kind page by page, for API servers that do not stream lists. */
import type { KubeObject } from './object.ts';
import type { Account, Transport } from './transport.ts';

export interface ListOptions {
  readonly path: string;
  /** `limit` of the query is the objects a page; 500 when absent. */
  readonly query: Readonly<Record<string, string>>;
  readonly accept: string;
  readonly as?: Account | undefined;
  readonly signal?: AbortSignal;
}

interface Page {
  readonly metadata: { readonly continue?: string; readonly resourceVersion: string };
  readonly items?: readonly KubeObject[];
}

const pageSize = '500';

/** Objects without spec, status and data: for lists of which nobody reads more. */
export const metadataListAccept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** Yields the objects, and returns the resourceVersion to watch from. @throws ApiError, 410 when the pages expired */
export async function* list(
  transport: Transport,
  { path, query, accept, as, signal }: ListOptions,
): AsyncGenerator<KubeObject, string> {
  let next: string | undefined;
  for (;;) {
    const { body }: { body: Page } = await transport.request<Page>({
      method: 'GET',
      path,
      query: { limit: pageSize, ...query, ...(next === undefined ? {} : { continue: next }) },
      accept,
      as,
      signal,
    });
    yield* body.items ?? [];
    next = body.metadata.continue === '' ? undefined : body.metadata.continue;
    if (next === undefined) return body.metadata.resourceVersion;
  }
}
