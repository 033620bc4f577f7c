/** Finds drift without a request: an owned object is as we left it while our managed fields are. */
import type { ObjectKey } from '#kube';
import type { Inventory } from '#values';
import type { Observed } from '#apply';

export interface Drifted {
  readonly key: ObjectKey;
  readonly kind: 'changed' | 'deleted';
}

/**
 * Compares the inventory with the watches. Whoever changes a field that we own takes it out of our entry in
 * `managedFields` (or moves its time), so the digest of that entry alone tells; objects in hand (no digest), kinds
 * that are not listed yet, and what goes by itself are left out.
 */
export function findDrift(
  inventory: Inventory,
  observed: { get(key: ObjectKey): Observed | undefined; knows(key: ObjectKey): boolean },
): Drifted[] {
  const drifted: Drifted[] = [];
  for (const { key, seen, desired, expires } of inventory.values()) {
    if (desired === '' || seen === '') continue;
    const live = observed.get(key);
    if (live === undefined) {
      if (observed.knows(key) && expires !== true) drifted.push({ key, kind: 'deleted' });
    } else if (live.seen !== seen && !live.deleting) drifted.push({ key, kind: 'changed' });
  }
  return drifted;
}
