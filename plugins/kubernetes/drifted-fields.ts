/** Which of the fields that a program sets stand otherwise in the cluster than they would after an update. Pure. */
import { isList, isMap, type Value, type ValueMap } from './property.ts';
import type { PropertyPath } from './property-path.ts';
import { isEqual } from './changed-fields.ts';

/**
 * `live` and `after`: the object as it is, and as the API server would store it. Both are compared with each other and
 * never with what is wanted, since the API server writes some values its own way and adds what nobody set.
 */
export function driftedFields(wanted: ValueMap, live: ValueMap, after: ValueMap): PropertyPath[] {
  const paths: PropertyPath[] = [];
  compare([], wanted, { live, after }, paths);
  return paths;
}

interface Pair {
  readonly live: Value | undefined;
  readonly after: Value | undefined;
}

function compare(path: PropertyPath, wanted: Value, { live, after }: Pair, paths: PropertyPath[]): void {
  if (isMap(wanted) && isMap(live) && isMap(after)) {
    for (const [key, value] of Object.entries(wanted)) {
      compare([...path, key], value, { live: live[key], after: after[key] }, paths);
    }
  } else if (isList(wanted) && isList(live) && isList(after) && wanted.every(isMap)) {
    wanted.forEach((item, index) => {
      compare([...path, index], item, { live: likeOf(item, index, live), after: likeOf(item, index, after) }, paths);
    });
  } else if (!isEqual(live, after)) paths.push(path);
}

/** Fields by which the API server tells the items of a list apart; `protocol` comes to those of ports. */
const keys = ['name', 'key', 'mountPath', 'devicePath', 'containerPort', 'port', 'ip', 'type', 'topologyKey', 'uid'];

/** The item of another list that stands for this one: by its key, or else by its place. */
function likeOf(item: ValueMap, index: number, others: readonly Value[]): Value | undefined {
  const key = keys.find((each) => typeof item[each] === 'string' || typeof item[each] === 'number');
  if (key === undefined) return others[index];
  return others.find((each) => isMap(each) && each[key] === item[key] && protocolOf(each) === protocolOf(item));
}

const protocolOf = ({ protocol }: ValueMap): Value => protocol ?? 'TCP';
