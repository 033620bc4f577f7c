/** Lists of objects (`List`, `ConfigMapList`) are no objects of the cluster: what stands in them is. */

type Fields = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Items of a list; undefined when the document is none. Those of a typed list may leave out what it says of them all. */
export function itemsOf(document: Fields): unknown[] | undefined {
  const { apiVersion, kind, items } = document;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return undefined;
  if (kind === 'List') return items as unknown[];
  const shared = { apiVersion, kind: kind.slice(0, -'List'.length) };
  return items.map((item: unknown) => (isMap(item) ? { ...shared, ...item } : item));
}
