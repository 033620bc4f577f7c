/** Does something for many items, a bounded number at a time. */

/** Results in the order of the items. The first error ends it: no further item is started. */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  async function worker(): Promise<void> {
    while (next < items.length && !failed) {
      signal?.throwIfAborted();
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
  const workers = Array.from({ length: Math.min(limit, items.length) }, worker);
  // Work in flight is waited for, so that nothing goes on behind the caller's back.
  const ended = await Promise.allSettled(workers);
  const first = ended.find((end) => end.status === 'rejected');
  if (first !== undefined) throw first.reason;
  return results;
}
