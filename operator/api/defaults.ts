/** Fills defaults in as the API server does, for objects that it has not seen yet. */
import type { Node, SchemaNode } from './schema.ts';

/** The value must be valid. */
export const withDefaults = <Read, Written>(schema: Node<Read, Written>, value: NoInfer<Written>): Read =>
  fill(schema.node, value) as Read;

function fill(node: SchemaNode, value: unknown): unknown {
  if (value === undefined) {
    if (node.type === 'object') return node.hasDefault === true ? fill(node, {}) : undefined;
    return 'default' in node ? node.default : undefined;
  }
  if (node.type === 'list') return (value as readonly unknown[]).map((item) => fill(node.item, item));
  if (node.type !== 'object' && node.type !== 'map') return value;
  const given = value as Readonly<Record<string, unknown>>;
  const filled = Object.keys(node.type === 'map' ? given : node.fields).map((key) => {
    const child = node.type === 'map' ? node.value : node.fields[key];
    return [key, child === undefined ? given[key] : fill(child, given[key])] as const;
  });
  return { ...given, ...Object.fromEntries(filled.filter(([, field]) => field !== undefined)) };
}
