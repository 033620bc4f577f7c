/** Diff of a Release: what the program says now against what it said and what helm had at the last look. */
import { changedProperties } from '../changed-fields.ts';
import { inputsIn } from '../checkpoint.ts';
import { isAsset, isList, isMap, reveal, type Value, type ValueMap } from '../property.ts';
import { contains, parsePath, writePath, type PropertyPath } from '../property-path.ts';
import type { DiffRequest, DiffResult, PropertyChange } from '../requests.ts';
import { textIn } from './helm.ts';

/** Another one of these is another release. */
const identity = new Set(['name', 'namespace']);

/** Asks nobody anything: what others did to the release is seen after a refresh. */
export function diffRelease(request: DiffRequest): DiffResult {
  const olds = comparable(inputsIn(request));
  const news = comparable(request.news);
  const live = comparable(request.oldOutputs);
  // States of the official provider have no digest of the chart.
  const { checksum: _, ...unsigned } = news;
  const wanted = olds['checksum'] === undefined ? unsigned : news;
  const ignored = request.ignoreChanges.map(parsePath);
  const keep = ({ path }: { readonly path: PropertyPath }): boolean => !ignored.some((each) => contains(each, path));
  const written = changedProperties(olds, wanted).filter(keep);
  const drifted = changedProperties(common(live, wanted, seen), common(wanted, wanted, seen))
    .filter(keep)
    .filter(({ path }) => !written.some((other) => contains(other.path, path) || contains(path, other.path)));
  const status = textIn(request.oldOutputs['status'], 'status');
  return {
    changes: [...written.map((change) => shown(change, true)), ...drifted.map((change) => shown(change, false))],
    // A release that was cut off or failed is tried again.
    changed: status !== undefined && status !== 'deployed',
    deleteBeforeReplace: false,
  };
}

function shown(
  { path, before, after }: ReturnType<typeof changedProperties>[number],
  isWritten: boolean,
): PropertyChange {
  const kind = before === undefined ? 'add' : after === undefined ? 'delete' : 'update';
  const replaces = path.length === 1 && identity.has(String(path[0]));
  return { path: writePath(path), kind, replaces, written: isWritten };
}

/** Of a release, what a look at the cluster tells. */
const seen = ['values', 'version'];

/** Of `from`, what `of` has too, within the keys. */
function common(from: ValueMap, of: ValueMap, keys: readonly string[]): ValueMap {
  const entries = keys.flatMap((key) => {
    const [value, pattern] = [from[key], of[key]];
    if (value === undefined || pattern === undefined) return [];
    const both = isMap(value) && isMap(pattern);
    return [[key, both ? common(value, pattern, Object.keys(pattern)) : value] as const];
  });
  return Object.fromEntries(entries);
}

export const isSameValue = (a: Value | undefined, b: Value | undefined): boolean =>
  changedProperties(comparable({ value: a ?? null }), comparable({ value: b ?? null })).length === 0;

const comparable = (map: ValueMap): ValueMap =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, plain(reveal(value))]));

/** Files are compared by the digest that the engine sends with them. */
function plain(value: Value): Value {
  if (isAsset(value)) return typeof value.sent['hash'] === 'string' ? value.sent['hash'] : JSON.stringify(value.sent);
  if (isList(value)) return value.map(plain);
  return isMap(value) ? comparable(value) : value;
}
