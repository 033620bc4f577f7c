/** Inputs read off a live object: those that the program gives, or, for an import, all that may have been given. */
import { isEqual } from './changed-fields.ts';
import { isList, isMap, type Value, type ValueMap } from './property.ts';

/** The live value of each field that the inputs have. */
export function prunedTo(live: ValueMap, inputs: ValueMap): ValueMap {
  const pruned: Record<string, Value> = {};
  for (const [key, wanted] of Object.entries(inputs)) {
    const value = live[key];
    if (value !== undefined) pruned[key] = prune(value, wanted);
  }
  return pruned;
}

function prune(live: Value, wanted: Value): Value {
  if (isMap(live) && isMap(wanted)) return prunedTo(live, wanted);
  if (!isList(live) || !isList(wanted)) return live;
  // What stands beyond the end of the wanted list is somebody else's, and shows as a change.
  return live.map((item, index) => (wanted[index] === undefined ? item : prune(item, wanted[index])));
}

/**
 * Whether the API server keeps both as the same: most fields that are empty, 0 or false are not stored. The state of an
 * object that was found again after a crash holds what was sent, not what the API server answered.
 */
export const isStoredAlike = (a: ValueMap, b: ValueMap): boolean => isEqual(stored(a), stored(b));

/** Undefined for what is not stored. */
function stored(value: Value): Value | undefined {
  if (isList(value)) return value.length === 0 ? undefined : value.map((each) => stored(each) ?? null);
  if (isMap(value)) {
    const kept = Object.entries(value).flatMap(([key, each]) => {
      const found = stored(each);
      return found === undefined ? [] : [[key, found] as const];
    });
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  }
  return value === '' || value === 0 || value === false || value === null ? undefined : value;
}

const ofServer = ['creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'selfLink', 'uid'];
const ofControllers = ['deployment.kubernetes.io/revision', 'kubectl.kubernetes.io/last-applied-configuration'];

export function importedInputs({ status: _, metadata, ...rest }: ValueMap): ValueMap {
  if (!isMap(metadata)) return rest;
  const { annotations, ...kept } = Object.fromEntries(
    Object.entries(metadata).filter(([field]) => !ofServer.includes(field)),
  );
  const written = isMap(annotations)
    ? Object.entries(annotations).filter(([name]) => !ofControllers.includes(name))
    : [];
  return {
    ...rest,
    metadata: { ...kept, ...(written.length === 0 ? {} : { annotations: Object.fromEntries(written) }) },
  };
}
