/** Names the properties in which two states of a resource differ, by the places that the engine shows them at. Pure. */
import { isList, isMap, isUnknown, type Value, type ValueMap } from './property.ts';
import type { PropertyPath } from './property-path.ts';
import type { ChangedField } from './replacement.ts';

/** Both without the wrappings of secrets. A null is a field left out, as Kubernetes has it; what is not known yet has changed. */
export function changedProperties(before: ValueMap, after: ValueMap): ChangedField[] {
  const changes: ChangedField[] = [];
  compareMaps([], before, after, changes);
  return changes;
}

export const isEqual = (a: Value | undefined, b: Value | undefined): boolean => {
  const changes: ChangedField[] = [];
  compare([], a, b, changes);
  return changes.length === 0;
};

function compare(path: PropertyPath, before: Value = null, after: Value = null, changes: ChangedField[]): void {
  if (isMap(before) && isMap(after)) compareMaps(path, before, after, changes);
  else if (isList(before) && isList(after)) compareLists(path, before, after, changes);
  else if (before !== after || isUnknown(after)) {
    changes.push({ path, before: before ?? undefined, after: after ?? undefined });
  }
}

function compareMaps(path: PropertyPath, before: ValueMap, after: ValueMap, changes: ChangedField[]): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compare([...path, key], before[key], after[key], changes);
  }
}

/** By place, as the engine can only show one. */
function compareLists(
  path: PropertyPath,
  before: readonly Value[],
  after: readonly Value[],
  changes: ChangedField[],
): void {
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    compare([...path, index], before[index], after[index], changes);
  }
}
