/** What the stacks of a change bring together: definitions and namespaces, and who has which object before and after. */
import { broughtBy } from '#engines';
import type { ObjectKey } from '#kube';
import { Failure } from '#runtime';
import type { Inventory } from '#values';
import type { RenderedStack } from './rendering.ts';

export interface Whole {
  /** `Kind.group` of the definitions, and names of the namespaces, that come with the change. */
  readonly definitions: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  /** By `namespace/name` of the stack. */
  readonly inventories: ReadonlyMap<string, Inventory>;
  /** A stack other than this one that renders the object. */
  movesTo(key: ObjectKey, from: string): string | undefined;
  /** A stack other than this one that owns the object, and does not let go of it in the same change. */
  heldBy(key: ObjectKey, by: string): string | undefined;
}

export function wholeOf(all: ReadonlyMap<string, RenderedStack>, inventories: ReadonlyMap<string, Inventory>): Whole {
  const objects = [...all.values()].flatMap(({ rendered }) => (rendered instanceof Failure ? [] : rendered.objects));
  const renderedBy = new Map<ObjectKey, string[]>();
  for (const [id, { rendered }] of all) {
    for (const { key } of rendered instanceof Failure ? [] : rendered.objects)
      renderedBy.set(key, [...(renderedBy.get(key) ?? []), id]);
  }
  const owners = new Map([...inventories].flatMap(([id, inventory]) => [...inventory.keys()].map((key) => [key, id])));
  const letsGo = (key: ObjectKey, id: string): boolean =>
    all.has(id) && !(all.get(id)?.rendered instanceof Failure) && !renderedBy.get(key)?.includes(id);
  return {
    ...broughtBy(objects.map(({ object }) => object)),
    inventories,
    movesTo: (key, from) => renderedBy.get(key)?.find((id) => id !== from),
    heldBy: (key, by) => {
      const owner = owners.get(key);
      return owner === undefined || owner === by || letsGo(key, owner) ? undefined : owner;
    },
  };
}
